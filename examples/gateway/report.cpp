// Delivers one message and ends: for cron, for scripts.
//
//   countersign issue backup --format both --out ./backup
//   report ./backup 192.168.1.22 last "$(date)"
//
// Exit code 0: the broker has it. Several brokers are tried in turn: 192.168.1.22,broker.local:8884
#include <countersign/client.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "report FOLDER BROKER[:PORT][,BROKER…] TOPIC MESSAGE\n");
        return 2;
    }
    try {
        std::vector<countersign::Broker> brokers;
        std::istringstream list(argv[2]);
        for (std::string one; std::getline(list, one, ',');)
            brokers.push_back(countersign::parse_broker(one));
        countersign::publish_once(countersign::load_identity(argv[1], brokers), argv[3], argv[4], 1, true);
    } catch (const countersign::Fault& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
    return 0;
}
