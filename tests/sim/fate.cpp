#include "tests/sim/fate.h"

#include <fmt/format.h>

#include <algorithm>

namespace countersign::sim {
namespace {

constexpr Milliseconds kYear = 365 * kDay;
constexpr Milliseconds kCalm = 31 * kDay;

// Mostly moments, sometimes months.
Milliseconds outage(Dice& dice) {
    const auto kind = dice.below(100);
    if (kind < 55) return dice.around(30 * kMinute);
    if (kind < 80) return dice.around(3 * kDay);
    if (kind < 95) return dice.around(45 * kDay);
    return dice.around(240 * kDay);  // up to sixteen months: longer than a certificate's life
}

// `act` now and then, with `mean` between, until the calm month.
void now_and_then(World& world, Milliseconds mean, std::function<void()> act) {
    world.agenda.in(world.dice.around(mean), [&world, mean, act = std::move(act)] {
        if (world.calm) return;
        act();
        now_and_then(world, mean, act);
    });
}

// --- boards

void lose_power(World& world, std::int64_t device) {
    if (!world.boards.at(static_cast<std::size_t>(device)).on) return;
    world.power_off(device);
    world.agenda.in(outage(world.dice), [&world, device] { world.power_on(device); });
}

void lose_network(World& world, std::int64_t device) {
    world.boards.at(static_cast<std::size_t>(device)).in_reach = false;
    world.broker.drop_device(device);
    world.agenda.in(outage(world.dice),
                    [&world, device] { world.boards.at(static_cast<std::size_t>(device)).in_reach = true; });
}

void turn_clock(World& world, std::int64_t device) {
    constexpr std::int64_t k2000 = 946'684'800;
    constexpr std::int64_t k2040 = 2'208'988'800;
    world.events.number(Tell::clock).number(device).number(world.dice.chance(500) ? k2000 : k2040);
}

void plan_board(World& world, std::int64_t device) {
    now_and_then(world, 150 * kDay, [&world, device] { lose_power(world, device); });
    now_and_then(world, 180 * kDay, [&world, device] { lose_network(world, device); });
    now_and_then(world, 45 * kDay, [&world, device] { world.broker.drop_device(device); });
    now_and_then(world, 500 * kDay, [&world, device] { turn_clock(world, device); });
}

void bear(World& world, std::int64_t device, Milliseconds when) {
    world.agenda.at(when, [&world, device] {
        auto& board = world.boards.at(static_cast<std::size_t>(device));
        const bool renames = world.dice.chance(500);
        world.events.number(Tell::born).number(device).text(board.name).number(renames ? 1 : 0);
        world.power_on(device);
        plan_board(world, device);
    });
}

// --- the broker and the host

void restart_broker(World& world) {
    if (!world.broker.is_up()) return;
    world.chronicle.say("the broker goes down");
    world.broker.switch_off();
    if (world.dice.chance(300)) world.broker.forget_retained();
    if (world.dice.chance(300)) world.broker.forget_sessions();
    const auto kind = world.dice.below(100);
    const Milliseconds away = kind < 70   ? world.dice.below(kSecond)
                              : kind < 95 ? world.dice.around(2 * kDay)
                                          : world.dice.around(40 * kDay);
    world.agenda.in(away, [&world] {
        world.chronicle.say("the broker is up");
        world.broker.switch_on();
    });
}

void rest_host(World& world) {
    if (!world.host_is_up) return;
    world.chronicle.say("the host goes off");
    world.host_down();
    world.agenda.in(world.dice.around(14 * kDay), [&world] {
        world.chronicle.say("the host is on");
        world.host_up();
    });
}

// Waits until the host is on: an operator needs it.
void by_operator(World& world, Milliseconds when, std::function<void()> act) {
    world.agenda.at(when, [&world, act = std::move(act)] {
        if (world.host_is_up) {
            act();
        } else {
            by_operator(world, world.agenda.now_ms() + kDay, act);
        }
    });
}

void tend_broker_certificate(World& world) {
    const Seconds end = world.authority.broker_leaf().info.not_after;
    if (world.host_is_up && end - world.agenda.now() < std::chrono::days(120)) world.authority.renew_broker();
    world.agenda.in(kDay, [&world] { tend_broker_certificate(world); });
}

void nod(World& world) {
    if (world.host_is_up) world.nod();
    world.agenda.in(2 * kDay, [&world] { nod(world); });
}

// The disk dies: days later the host is back, with the registry of its last backup.
void lose_registry(World& world) {
    if (!world.host_is_up) return;
    world.chronicle.say("the host's disk dies");
    world.host_down();
    world.broker.switch_off();
    world.agenda.in(world.dice.around(2 * kDay), [&world] {
        world.chronicle.say("the registry comes from a backup");
        world.authority.restore();
        world.broker.forget_retained();
        world.broker.forget_sessions();
        world.broker.switch_on();
        world.host_up();
    });
}

// A copy of a board's flash that nobody can reach any more stays unnoticed: the operator of this world waits.
bool every_copy_is_known(const World& world) {
    return std::all_of(world.boards.begin(), world.boards.end(), [&world](const Board& board) {
        return !board.has_renewed || world.authority.registry().was_forked(board.name);
    });
}

// Asks each month whether all devices have followed, and does then what shuts out those that have not.
void when_all_have(World& world, std::function<bool()> have, std::function<void()> act) {
    world.agenda.in(30 * kDay, [&world, have = std::move(have), act = std::move(act)] {
        if (world.calm) return;
        if (world.host_is_up && have() && every_copy_is_known(world)) return act();
        when_all_have(world, have, act);
    });
}

void move_broker(World& world) {
    const std::string old = world.authority.brokers().hosts.front();
    const auto next = fmt::format("broker-{}.sim", world.authority.brokers().version);
    world.chronicle.say("the broker gets the address " + next);
    world.authority.add_host(next);
    world.publish(world.authority.commands());
    when_all_have(
        world, [&world] { return world.authority.all_have_brokers(); },
        [&world, old] {
            world.chronicle.say("the broker loses the address " + old);
            world.authority.remove_host(old);
            world.publish(world.authority.commands());
        });
}

void replace_root(World& world) {
    world.chronicle.say("a new root");
    world.authority.new_root();
    world.publish(world.authority.commands());
    when_all_have(
        world, [&world] { return world.authority.all_have_anchors(); },
        [&world] {
            world.chronicle.say("the old root is given up");
            world.authority.finish_root_rollover();
        });
}

void plan_host(World& world, Milliseconds begin, Milliseconds end) {
    now_and_then(world, 60 * kDay, [&world] { restart_broker(world); });
    now_and_then(world, 90 * kDay, [&world] { rest_host(world); });
    tend_broker_certificate(world);
    nod(world);
    for (Milliseconds when = begin + 2 * kYear; when < end - kYear / 2; when += 2 * kYear) {
        by_operator(world, when, [&world] {
            world.chronicle.say("a new issuing CA");
            world.authority.new_issuing_ca();
        });
    }
    by_operator(world, begin + (end - begin) / 2 + kYear / 2, [&world] { replace_root(world); });
    for (Milliseconds when = begin + kYear; when < end - kYear / 2; when += 3 * kYear) {
        by_operator(world, when, [&world] { move_broker(world); });
    }
    now_and_then(world, 30 * kDay, [&world] { world.authority.back_up(); });
    now_and_then(world, 2 * kYear, [&world] { lose_registry(world); });
    now_and_then(world, 200 * kDay, [&world] {
        if (!world.host_is_up) return;
        const auto device = world.dice.below(static_cast<std::int64_t>(world.boards.size()));
        world.authority.ask_renewal(world.boards.at(static_cast<std::size_t>(device)).name);
        world.publish(world.authority.commands());
    });
}

// --- thieves

void steal(World& world, std::int64_t device, Milliseconds when) {
    by_operator(world, when, [&world, device] {
        auto& board = world.boards.at(static_cast<std::size_t>(device));
        world.chronicle.say(fmt::format("{} is stolen and revoked", board.name));
        board.stolen = true;
        world.authority.revoke(board.name);
        world.broker.drop_user(board.name);
    });
}

void copy_flash(World& world, std::int64_t device, Milliseconds when) {
    world.agenda.at(when, [&world, device] {
        Board clone = world.boards.at(static_cast<std::size_t>(device));
        world.boards.at(static_cast<std::size_t>(device)).cloned = true;
        clone.cloned = clone.is_copy = true;
        clone.on = false;
        const auto number = static_cast<std::int64_t>(world.boards.size());
        world.boards.push_back(clone);
        world.chronicle.say(fmt::format("{} is copied to board {}", clone.name, number));
        world.events.number(Tell::copy).number(device).number(number);
        // The two must not push each other out for years on end: the copy is used for some hours now and
        // then.
        now_and_then(world, 60 * kDay, [&world, number] {
            world.power_on(number);
            world.agenda.in(2 * kHour, [&world, number] {
                if (!world.calm) world.power_off(number);
            });
        });
    });
}

// --- the end

void calm_down(World& world) {
    world.chronicle.say("the calm month begins");
    world.calm = true;
    world.broker.set_faults({});
    world.broker.switch_on();
    if (!world.host_is_up) world.host_up();
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(world.boards.size()); ++i) {
        auto& board = world.boards.at(static_cast<std::size_t>(i));
        world.events.number(Tell::cut_at).number(i).number(-1).number(0);
        board.in_reach = true;
        board.cloned ? world.power_off(i) : world.power_on(i);
    }
    world.agenda.in(kCalm, [&world] {
        world.events.number(Tell::report).number(0);
        world.agenda.in(kSecond, [&world] {
            world.over = true;
            world.events.number(Tell::end).number(0);
        });
    });
    // An ordinary restart now and then, as brokers have them.
    for (const Milliseconds day : {8, 16, 24}) {
        world.agenda.in(day * kDay, [&world] {
            world.broker.switch_off();
            world.broker.switch_on();
        });
    }
}

}  // namespace

void plan_decade(World& world) {
    const Milliseconds begin = world.agenda.now_ms();
    const Milliseconds span = world.config().years * kYear;
    const Milliseconds end = begin + span;
    world.broker.set_faults({.lost = 20, .repeated = 20, .late = 20});
    for (std::int64_t i = 0; i < world.config().devices; ++i) {
        Board board;
        board.name = fmt::format("device-{}", i);
        board.keeps_time = world.dice.chance(300);
        world.boards.push_back(board);
        // Most in the beginning, the others in the course of three years.
        bear(world, i, i % 4 != 0 ? begin + kHour + i * kMinute : begin + world.dice.below(span / 3));
    }
    plan_host(world, begin, end);
    if (world.config().devices >= 4) {
        steal(world, 0, begin + world.dice.between(4, 6) * span / 10);
        copy_flash(world, 1, begin + world.dice.between(2, 4) * span / 10);
    }
    world.agenda.at(end, [&world] { calm_down(world); });
}

}  // namespace countersign::sim
