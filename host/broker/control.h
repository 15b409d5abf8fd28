// The seam between those who change what the broker reads and the broker that runs, if one does.
#pragma once

#include <filesystem>

namespace countersign::broker {

class BrokerControl {
  public:
    virtual ~BrokerControl() = default;
    // Makes it read access list, CA and CRL again. Who is let in needs no reload: the plugin sees the
    // admission file change. False: no broker of this home is running.
    virtual bool reload() = 0;
};

// The broker that `countersign broker` runs in some other process for this folder.
class RunningBroker final : public BrokerControl {
  public:
    explicit RunningBroker(std::filesystem::path folder) : folder_(std::move(folder)) {}
    bool reload() override;
    [[nodiscard]] bool running() const;

  private:
    std::filesystem::path folder_;
};

}  // namespace countersign::broker
