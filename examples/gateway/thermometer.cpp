// Publishes this computer's temperature and obeys commands, until Ctrl-C.
//
//   countersign issue thermometer --format both --out ./thermometer
//   thermometer ./thermometer 192.168.1.22
//   countersign send thermometer cmd/interval 5         # seconds
//   countersign watch
#include <countersign/client.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

std::string temperature() {
    double thousandths = 21'500;  // where there is no sensor
    std::ifstream("/sys/class/thermal/thermal_zone0/temp") >> thousandths;
    char text[16];
    std::snprintf(text, sizeof text, "%.1f", thousandths / 1000);
    return text;
}

void run(const std::string& folder, const std::string& broker) {
    countersign::ClientOptions options;
    options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    countersign::Client client(countersign::load_identity(folder, {countersign::parse_broker(broker)}),
                               options);
    std::chrono::seconds interval{60};
    client.subscribe("cmd/interval", [&](std::string_view, std::string_view payload) {
        int seconds = 0;
        std::from_chars(payload.data(), payload.data() + payload.size(), seconds);
        if (seconds < 1 || seconds > 86'400) return;
        interval = std::chrono::seconds(seconds);
        client.publish("interval", std::to_string(seconds));
    });
    client.close_on_signals();
    auto due = std::chrono::steady_clock::now();
    do {
        if (std::chrono::steady_clock::now() >= due) {
            client.publish("temperature", temperature());
            due += interval;
        }
    } while (client.run_for(std::chrono::milliseconds(200)));
    client.run();  // until it has said goodbye
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "thermometer FOLDER BROKER[:PORT]\n");
        return 2;
    }
    try {
        run(argv[1], argv[2]);
    } catch (const countersign::Fault& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
    return 0;
}
