#include "host/cli/systemd_units.h"

#include <fmt/format.h>

namespace countersign::cli {
namespace {

constexpr const char* kIntroduction =
    R"(# Three units, as printed by countersign up --print-systemd. Once, as root:
#   adduser --system --group --home {home} countersign
#   chown -R countersign:countersign {home}
#   systemd-creds encrypt --name=passphrase passphrase.txt /etc/credstore.encrypted/countersign.passphrase
# (without TPM and systemd-creds: LoadCredential= and a file that root alone can read), each part below into the
# file its first line names, then:
#   systemctl enable --now countersign-broker countersign-signer countersign-responder
)";

// What none of the three needs is taken away. ProtectSystem=strict leaves the home folder alone writable.
constexpr const char* kCommon = R"(User=countersign
Group=countersign
UMask=0077
Restart=always
RestartSec=1
ReadWritePaths={home}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
LimitCORE=0
)";

struct Unit {
    const char* name;
    const char* description;
    const char* after;
    const char* command;
    const char* own;  // lines of [Service] that only this one has
    bool signs = false;
};

// A broker or responder that was taken over changes neither keys nor what the signer goes by.
constexpr const char* kOnlyReadsTheAuthority =
    "ReadOnlyPaths={home}/authority\n"
    "InaccessiblePaths=-{home}/authority/root.key.pem -{home}/authority/issuing.key.pem\n";

constexpr Unit kUnits[] = {
    {"broker", "Countersign: Mosquitto that lets in exactly the right devices", "network-online.target",
     "broker",
     "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n"
     "LimitNOFILE=1048576\n"},
    {"signer", "Countersign: the issuing key, in a process without a network", "local-fs.target",
     "signer --passphrase-file %d/passphrase",
     "LoadCredentialEncrypted=passphrase:/etc/credstore.encrypted/countersign.passphrase\n"
     "PrivateNetwork=yes\n"
     "RestrictAddressFamilies=AF_UNIX\n"
     "IPAddressDeny=any\n",
     true},
    {"responder", "Countersign: answers devices that renew",
     "countersign-broker.service countersign-signer.service", "responder",
     "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"},
};

}  // namespace

std::string systemd_units(const std::filesystem::path& program, const std::filesystem::path& home) {
    const auto place = [&](const char* text) {
        return fmt::format(fmt::runtime(text), fmt::arg("home", home.string()));
    };
    std::string text = place(kIntroduction);
    for (const auto& unit : kUnits) {
        text += fmt::format(
            "\n# /etc/systemd/system/countersign-{}.service\n"
            "[Unit]\n"
            "Description={}\n"
            "After={}\n"
            "Wants={}\n"
            "\n"
            "[Service]\n"
            "ExecStart={} --home {} {}\n"
            "{}{}{}"
            "\n"
            "[Install]\n"
            "WantedBy=multi-user.target\n",
            unit.name, unit.description, unit.after, unit.after, program.string(), home.string(),
            unit.command, unit.own, unit.signs ? "" : place(kOnlyReadsTheAuthority), place(kCommon));
    }
    return text;
}

}  // namespace countersign::cli
