// What Mosquitto's access list grants beside our own policy (acl.local), as far as a whole subscription has
// to be judged by it; each message is Mosquitto's to judge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/broker/policy.h"

namespace countersign::broker {

class OwnGrants {
  public:
    OwnGrants() = default;
    // The text of an acl_file (mosquitto.conf(5)): `user NAME`, `topic [read|write|readwrite|deny] FILTER`,
    // `pattern …` with %u and %c. What is none of these grants nothing; nor does `deny` take anything here.
    explicit OwnGrants(std::string_view text);

    // As policy.h's covers(), by any line for this user. %c is taken for the user name, which is a device's
    // client id.
    [[nodiscard]] bool allow(Access access, std::string_view username, std::string_view asked) const;

  private:
    struct Line {
        std::string user;  // "": a pattern, which is everybody's
        bool read, write;
        std::string filter;
    };
    void add(std::string_view line, std::string& user);

    std::vector<Line> lines_;
};

}  // namespace countersign::broker
