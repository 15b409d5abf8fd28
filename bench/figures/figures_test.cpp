// That the page tells met from missed and leaves nothing out, on figures made by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/device/ways.h"
#include "bench/figures/goals.h"
#include "bench/figures/page.h"
#include "bench/figures/svg.h"
#include "bench/support/support.h"
#include "host/base/files.h"

namespace countersign::bench {
namespace {

using Json = nlohmann::json;

Json device_figures(double native_ms) {
    Json device{{"machine", "a machine"}, {"versions", "some versions"}};
    auto& timed = device["timed"];
    timed["connects"] = {{{"way", kPlain.name}, {"ms", 30.0}},
                         {{"way", kPlainNoDelay.name}, {"ms", 10.0}},
                         {{"way", kNative.name}, {"ms", native_ms}}};
    for (const int qos : {0, 1}) {
        for (const Way& way : {kPython, kNative}) {
            timed["publish"].push_back({{"way", way.name},
                                        {"qos", qos},
                                        {"together", 1},
                                        {"per_second", way.native_firmware ? 700.0 : 100.0}});
        }
    }
    timed["wire"] = {{{"way", kPlainNoDelay.name},
                      {"connect_bytes", 2000},
                      {"reconnect_bytes", 2000},
                      {"message_bytes", 150.0}},
                     {{"way", kNative.name},
                      {"connect_bytes", 3000},
                      {"reconnect_bytes", 1000},
                      {"message_bytes", 150.1}}};
    device["counted"]["native"] = {{"tls_full", {{"instructions", 5000}}},
                                   {"tls_resumed", {{"instructions", 100}}}};
    device["counted"]["native"]["mqtt"] = {{"held", 9729}, {"buffers", 7680}};
    for (const char* work : {"connect", "connect_again", "publish_qos0", "publish_qos1"}) {
        device["counted"]["native"][work] = {{"instructions", 1'500'000}};
    }
    return device;
}

Json client_figures() {
    return {
        {"libraries", {{{"name", "countersign"}, {"version", "1"}}, {{"name", "peer"}, {"version", "2"}}}},
        {"messages",
         {{{"library", "countersign"},
           {"task", "publish"},
           {"messages_per_second", 10.0},
           {"cpu_us", 1.0},
           {"broker_cpu_us", 2.0}}}},
        {"wire",
         {{{"library", "countersign"},
           {"connect_bytes", 1},
           {"reconnect_bytes", 2},
           {"message_bytes", 3.0}}}},
        {"goals", {{{"what", "publish"}, {"ratio", 0.9}, {"peer", "peer"}, {"met", false}}}}};
}

Goal goal(const std::vector<Goal>& goals, const std::string& begin) {
    const auto found = std::find_if(goals.begin(), goals.end(),
                                    [&](const Goal& one) { return one.what.starts_with(begin); });
    return found == goals.end() ? Goal{"none", "", "", Verdict::not_measured} : *found;
}

TEST(GoalsTest, AreMetAtTheirBoundAndMissedBeyondIt) {
    EXPECT_EQ(goal(judge(nullptr, device_figures(10.0)), "full mTLS connect").verdict, Verdict::met);
    EXPECT_EQ(goal(judge(nullptr, device_figures(10.1)), "full mTLS connect").verdict, Verdict::missed);
    EXPECT_EQ(goal(judge(nullptr, device_figures(10.0)), "the same against `tls` as it comes").verdict,
              Verdict::met);
    EXPECT_EQ(goal(judge(nullptr, device_figures(10.1)), "the same against `tls` as it comes").verdict,
              Verdict::missed);
}

TEST(GoalsTest, OfEachKind) {
    const auto goals = judge(client_figures(), device_figures(10.0));
    EXPECT_EQ(goal(goals, "TLS handshake resumed").verdict, Verdict::met) << "exactly a fiftieth";
    EXPECT_EQ(goal(goals, "publish QoS 0").verdict, Verdict::missed) << "7 of 10 times";
    EXPECT_EQ(goal(goals, "publish QoS 1, each").verdict, Verdict::met) << "7 of 5 times";
    EXPECT_EQ(goal(goals, "publish QoS 1, each").measured, "7 times");
    EXPECT_EQ(goal(goals, "publish QoS 1, a full window").verdict, Verdict::not_measured);
    EXPECT_EQ(goal(goals, "bytes of a full connect").verdict, Verdict::missed);
    EXPECT_EQ(goal(goals, "bytes of a connect again").verdict, Verdict::met);
    EXPECT_EQ(goal(goals, "bytes of a message").verdict, Verdict::met) << "the tenth is a signature's";
    EXPECT_EQ(goal(goals, "RAM of MQTT alone").verdict, Verdict::missed) << "2049 of 2048 bytes";
    EXPECT_EQ(goal(goals, "host client, publish").verdict, Verdict::missed);
}

TEST(GoalsTest, OfABenchmarkThatWasNotRunAreNotMeasured) {
    for (const Goal& one : judge(nullptr, nullptr)) EXPECT_EQ(one.verdict, Verdict::not_measured) << one.what;
}

TEST(PageTest, FillsEveryPlaceOfTheTemplate) {
    const std::string text = read_text(source_folder() / "bench/figures/performance.md");
    for (const auto& [client, device] :
         {std::pair{client_figures(), device_figures(1)}, std::pair{Json(), device_figures(1)},
          std::pair{client_figures(), Json()}}) {
        EXPECT_EQ(performance_page(text, client, device).find("{{"), std::string::npos);
    }
}

TEST(PageTest, ShowsTheChartsThatAreMade) {
    const std::string text = read_text(source_folder() / "bench/figures/performance.md");
    const auto charts = performance_charts(client_figures(), device_figures(1));
    EXPECT_EQ(charts.size(), 4U);
    for (const auto& [name, chart] : charts)
        EXPECT_NE(text.find("images/" + name), std::string::npos) << name;
}

TEST(SvgTest, EscapesTextAndScalesToTheLongestBar) {
    const std::string chart =
        bar_chart("a < b & c", "ms", {{"", {{"<script>", 1, true}, {"two", 2}, {"none", 0}}}});
    EXPECT_EQ(chart.find("<script>"), std::string::npos);
    EXPECT_NE(chart.find("&lt;script&gt;"), std::string::npos);
    EXPECT_NE(chart.find("a &lt; b &amp; c"), std::string::npos);
    EXPECT_NE(chart.find(R"(width="175.0" height="16" class="ours")"), std::string::npos) << chart;
    EXPECT_NE(chart.find(R"(width="350.0" height="16" class="peer")"), std::string::npos) << chart;
}

TEST(SvgTest, SurvivesBarsOfNothing) {
    EXPECT_EQ(bar_chart("t", "s", {{"g", {{"a", 0}}}}).find("nan"), std::string::npos);
    EXPECT_NE(bar_chart("t", "s", {}).find("</svg>"), std::string::npos);
}

}  // namespace
}  // namespace countersign::bench
