// The whole table of exchanges and answers; what is not named here is out of order.
#include "core/mqtt/exchange.h"

#include <gtest/gtest.h>

#include <array>

namespace countersign::mqtt {
namespace {

constexpr std::array kExchanges{Exchange::awaiting_puback, Exchange::awaiting_pubrec,
                                Exchange::awaiting_pubcomp, Exchange::awaiting_suback,
                                Exchange::awaiting_unsuback};

Outcome expected(Exchange exchange, PacketType answer) {
    if (exchange == Exchange::awaiting_puback && answer == PacketType::puback) return Outcome::complete;
    if (exchange == Exchange::awaiting_pubrec && answer == PacketType::pubrec) return Outcome::send_pubrel;
    if (exchange == Exchange::awaiting_pubcomp && answer == PacketType::pubrec) return Outcome::send_pubrel;
    if (exchange == Exchange::awaiting_pubcomp && answer == PacketType::pubcomp) return Outcome::complete;
    if (exchange == Exchange::awaiting_suback && answer == PacketType::suback) return Outcome::complete;
    if (exchange == Exchange::awaiting_unsuback && answer == PacketType::unsuback) return Outcome::complete;
    return Outcome::out_of_order;
}

TEST(Exchange, EveryAnswerToEveryExchange) {
    for (const Exchange exchange : kExchanges) {
        for (int type = 0; type < 16; ++type) {
            const auto answer = static_cast<PacketType>(type);
            const Step step = after_acknowledgement(exchange, answer);
            EXPECT_EQ(step.outcome, expected(exchange, answer)) << static_cast<int>(exchange) << " " << type;
            const bool moves = step.outcome == Outcome::send_pubrel;
            EXPECT_EQ(step.next, moves ? Exchange::awaiting_pubcomp : exchange);
        }
    }
}

TEST(Exchange, mqtt5_4_3_3_4_ARefusedMessageIsNotReleased) {
    const auto refused = [](Exchange exchange, PacketType answer) {
        return after_acknowledgement(exchange, answer, true).outcome;
    };
    EXPECT_EQ(refused(Exchange::awaiting_puback, PacketType::puback), Outcome::complete);
    EXPECT_EQ(refused(Exchange::awaiting_pubrec, PacketType::pubrec), Outcome::complete);
    EXPECT_EQ(refused(Exchange::awaiting_pubcomp, PacketType::pubrec), Outcome::out_of_order);
}

TEST(Exchange, AfterConnect) {
    for (const Exchange message :
         {Exchange::awaiting_puback, Exchange::awaiting_pubrec, Exchange::awaiting_pubcomp}) {
        EXPECT_EQ(after_connect(message, true, true), Resumption::send_again);
        EXPECT_EQ(after_connect(message, true, false), Resumption::drop);
        EXPECT_EQ(after_connect(message, false, true), Resumption::send_first);
        EXPECT_EQ(after_connect(message, false, false), Resumption::send_first);
    }
    for (const Exchange subscription : {Exchange::awaiting_suback, Exchange::awaiting_unsuback}) {
        EXPECT_EQ(after_connect(subscription, true, true), Resumption::drop);
        EXPECT_EQ(after_connect(subscription, true, false), Resumption::drop);
    }
}

}  // namespace
}  // namespace countersign::mqtt
