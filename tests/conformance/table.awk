# First the statements, then the tests' sources; prints the table. See table.sh.

FNR == 1 && FILENAME ~ /statements\.txt$/ { reading = 1 }
FNR == 1 && FILENAME !~ /statements\.txt$/ {
    reading = 0
    file = FILENAME
    sub(/.*\//, "", file)
    test = file
    suite = ""
}

reading {
    if ($0 ~ /^#/ || $0 == "") next
    split($0, field, "|")
    rule = field[1] " " field[2]
    order[++count] = rule
    whose[rule] = field[3]
    words[rule] = field[4]
    reason[rule] = field[5]
    next
}

# TEST(Suite, name), its kin, and the cases of a table.
/^(TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(/ {
    test = $0
    sub(/^[A-Z_]+\(/, "", test)
    sub(/[,)][^,)]*[{(]?.*$/, "", test)
    name = $0
    sub(/^[A-Z_]+\([A-Za-z0-9_]+, */, "", name)
    sub(/[^A-Za-z0-9_].*$/, "", name)
    test = test "." name
}
match($0, /(Case|Range)\{"[A-Za-z0-9_]+"/) {
    test = substr($0, RSTART, RLENGTH)
    sub(/^[A-Za-z]+\{"/, "", test)
    sub(/"$/, "", test)
}

{
    rest = $0
    while (match(rest, /mqtt5?_[0-9]+_[0-9]+_[0-9]+_[0-9]+/)) {
        number = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        version = number ~ /^mqtt5/ ? "5" : "3.1.1"
        split(number, part, "_")
        claim(version " " part[2] "." part[3] "." part[4] "-" part[5])
    }
    rest = $0
    while (match(rest, /\[(5: )?MQTT-[0-9]+\.[0-9]+\.[0-9]+-[0-9]+\]/)) {
        number = substr(rest, RSTART + 1, RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH)
        version = number ~ /^5/ ? "5" : "3.1.1"
        sub(/.*MQTT-/, "", number)
        claim(version " " number)
    }
}

function claim(rule) {
    if (!(rule in words)) {
        printf "%s: there is no statement %s\n", file, rule >"/dev/stderr"
        failed = 1
    } else if (reason[rule] != "") {
        printf "%s: statement %s is said not to apply\n", file, rule >"/dev/stderr"
        failed = 1
    } else if (index(tests[rule] ", ", "`" test "`, ") == 0) {
        tests[rule] = tests[rule] (tests[rule] == "" ? "" : ", ") "`" test "`"
    }
}

function state(rule) {
    if (reason[rule] != "") return "not applicable: " reason[rule]
    if (tests[rule] != "") return tests[rule]
    return whose[rule] == "server" ? "not applicable: the server's" : "**open**"
}

function section(version, title,    i, rule, tested, open, other) {
    for (i = 1; i <= count; i++) {
        rule = order[i]
        if (index(rule, version " ") != 1) continue
        if (state(rule) ~ /^not/) other++
        else if (state(rule) ~ /open/) open++
        else tested++
    }
    printf "\n## MQTT %s\n\n%d tested, %d open, %d not applicable.\n\n", title, tested, open, other
    print "| statement | in short | tested by |"
    print "|---|---|---|"
    for (i = 1; i <= count; i++) {
        rule = order[i]
        if (index(rule, version " ") != 1) continue
        printf "| MQTT-%s | %s | %s |\n", substr(rule, length(version) + 2), words[rule], state(rule)
    }
}

END {
    if (failed) exit 1
    print "# What MQTT asks of a client, and which test asks it of ours"
    print ""
    print "Written by `tests/conformance/table.sh` from the tests themselves; a test checks that it is up to date. The numbers"
    print "are those of the OASIS standards of 29 October 2014 (3.1.1) and 7 March 2019 (5.0), the words are ours. What only a"
    print "server does is tested where a client can notice that it was not done."
    section("3.1.1", "3.1.1")
    section("5", "5")
}
