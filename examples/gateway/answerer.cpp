// Answers questions by MQTT 5: a question says where the answer goes, and which of the asker's it belongs to.
//
//   countersign issue thermometer --format both --out ./thermometer
//   answerer ./thermometer 192.168.1.22
//   mosquitto_rr … -V 5 -t devices/thermometer/cmd/ask -e devices/thermometer/answer -m "how warm?"
#include <countersign/client.h>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "answerer FOLDER BROKER[:PORT]\n");
        return 2;
    }
    try {
        countersign::ClientOptions options;
        options.version = 5;
        options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
        countersign::Client client(countersign::load_identity(argv[1], {countersign::parse_broker(argv[2])}),
                                   options);
        client.subscribe("cmd/ask", [&client](const countersign::Received& question) {
            if (question.properties.response_topic.empty()) return;
            countersign::Properties answer;
            answer.correlation_data = question.properties.correlation_data;
            answer.content_type = "text/plain";
            client.publish(question.properties.response_topic, "21.5", 1, false, {}, answer);
        });
        client.close_on_signals();
        client.run();
    } catch (const countersign::Fault& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
    return 0;
}
