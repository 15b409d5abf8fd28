# From reset to main: registers that compiled code relies on, a stack, zeroed memory. QEMU has put .data in its place.
    .section .start, "ax"
    .global start
start:
    .option push
    .option norelax
    la   gp, __global_pointer$
    .option pop
    la   tp, __tls_start            # picolibc keeps errno in thread-local storage
    la   sp, __stack_end

    la   t0, __stack_start          # a pattern, by which the deepest use of the stack is found later
    li   t1, 0xA5A5A5A5
1:  sw   t1, (t0)
    addi t0, t0, 4
    bltu t0, sp, 1b

    la   t0, __bss_start
    la   t1, __bss_end
2:  sw   zero, (t0)
    addi t0, t0, 4
    bltu t0, t1, 2b
    tail main
