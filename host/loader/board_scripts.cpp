#include "host/loader/board_scripts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "host/loader/digest.h"

namespace countersign::loader {
namespace {

// 384 bytes are a line of 512 characters; a script holds a few kilobytes of content.
constexpr std::size_t kLineBytes = 384;
constexpr std::size_t kScriptBytes = 16 * kLineBytes;

// Names and paths only: no quotes, no backslashes can occur in them.
std::string python_string(std::string_view path) {
    return "'" + std::string(path) + "'";
}

std::string python_list(const std::vector<std::string>& paths) {
    std::string list = "[";
    for (const auto& path : paths) list += python_string(path) + ",";
    return list + "]";
}

// Builds a script in memory that is wiped at the end, whatever it grew through.
class Script {
  public:
    Script() { text_.reserve(kScriptBytes * 2); }
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    ~Script() { explicit_bzero(text_.data(), text_.capacity()); }
    void add(std::string_view part) { text_ += part; }
    // As an argument of binascii.a2b_base64.
    void add_base64(std::span<const std::uint8_t> bytes) { append_base64(text_, bytes); }
    [[nodiscard]] Secret take() const { return Secret(std::string_view(text_)); }

  private:
    std::string text_;
};

constexpr std::string_view kPrelude = R"(import os, sys, gc, binascii, hashlib
def _cs_exists(p):
    try:
        os.stat(p)
        return True
    except OSError:
        return False
def _cs_mkdirs(p):
    for i in range(1, len(p)):
        if p[i] == '/' and not _cs_exists(p[:i]):
            os.mkdir(p[:i])
def _cs_read(p):
    with open(p, 'rb') as f:
        return f.read()
def _cs_text(p):
    try:
        return str(_cs_read(p)[:2048], 'utf-8')
    except (OSError, UnicodeError):
        return ''
def _cs_sha(p):
    h = hashlib.sha256()
    try:
        with open(p, 'rb') as f:
            b = f.read(512)
            while b:
                h.update(b)
                b = f.read(512)
    except OSError:
        return ''
    return str(binascii.hexlify(h.digest()), 'ascii')
def _cs_sync():
    if hasattr(os, 'sync'):
        os.sync()
def _cs_open(p):
    global _cs_p, _cs_f
    _cs_p = p
    _cs_mkdirs(p)
    _cs_f = open(p + '.new', 'wb')
def _cs_add(b):
    _cs_f.write(binascii.a2b_base64(b))
def _cs_close(sha):
    _cs_f.close()
    _cs_sync()
    if _cs_sha(_cs_p + '.new') != sha:
        raise ValueError('CS-READBACK ' + _cs_p)
def _cs_said():
    gc.collect()
    print('CS-WRITTEN ' + _cs_p)
def _cs_staged(sha):
    _cs_close(sha)
    _cs_said()
def _cs_rename(p):
    try:
        os.rename(p + '.new', p)
    except OSError:
        os.remove(p)
        os.rename(p + '.new', p)
def _cs_done(sha):
    _cs_close(sha)
    _cs_rename(_cs_p)
    _cs_sync()
    _cs_said()
def _cs_exchange(new, old):
    for p in new:
        _cs_rename(p)
    for p in old:
        if _cs_exists(p):
            os.remove(p)
    _cs_sync()
)";

constexpr std::string_view kFacts = R"(
def _cs_modules(d):
    names = os.listdir(d) if _cs_exists(d) else []
    return [d + '/' + n for n in names if n.split('.')[-1] in ('py', 'mpy', 'txt', 'new')][:256]
def _cs_idf():
    try:
        import esp32
        return [r[1:3] for r in esp32.idf_heap_info(esp32.HEAP_DATA)]
    except (ImportError, AttributeError):
        return []
def _cs_facts():
    gc.collect()
    heap = gc.mem_free()
    import json
    s = os.statvfs('/')
    slots = {}
    for slot in ('a', 'b'):
        d = '/slots/' + slot
        files = os.listdir(d)[:32] if _cs_exists(d) else []
        slots[slot] = {'identity': _cs_text(d + '/identity.json'), 'sha256': {n: _cs_sha(d + '/' + n) for n in files}}
    try:
        from machine import unique_id
        chip = str(binascii.hexlify(unique_id()), 'ascii')
    except ImportError:
        chip = ''
    m = sys.implementation
    print('CS-FACTS ' + json.dumps({
        'name': m[0], 'version': list(m[1][:3]), 'machine': getattr(m, '_machine', ''),
        'block': s[0], 'free': s[1] * s[3],
        'mpy': getattr(m, '_mpy', 0) & 255, 'heap': heap, 'idf': _cs_idf(),
        'files': {p[1:]: _cs_sha(p) for p in _cs_modules('/lib/countersign') + ['/main.py', '/main.py.new']},
        'pointers': [_cs_text('/slots/pointer0'), _cs_text('/slots/pointer1')],
        'floors': [_cs_text('/slots/floor'), _cs_text('/slots/floor.new')],
        'main': _cs_text('/main.py').split('\n')[0][:80], 'chip': chip, 'slots': slots}))
_cs_facts()
)";

constexpr std::string_view kClearSlot = R"(
def _cs_clear(d):
    _cs_mkdirs(d + '/')
    names = os.listdir(d)
    names.sort(key=lambda n: n != 'identity.json')
    for n in names:
        os.remove(d + '/' + n)
    _cs_sync()
)";

// 1.22 calls the module ssl.
constexpr std::string_view kTryTls = R"(
def _cs_try(d, anchors):
    try:
        import tls
    except ImportError:
        import ssl as tls
    gc.collect()
    c = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    try:
        c.load_cert_chain(_cs_read(d + '/cert.der'), _cs_read(d + '/key.der'))
    except ValueError as e:
        raise ValueError('CS-KEY' if 'key' in str(e) else 'CS-CERT')
    for i in range(anchors):
        try:
            c.load_verify_locations(_cs_read(d + '/anchor%d.der' % i))
        except ValueError:
            raise ValueError('CS-CERT')
)";

constexpr std::string_view kInPlace = R"(
def _cs_in_place(p, b):
    with open(p, 'wb') as f:
        f.write(b)
    _cs_sync()
    if _cs_read(p) != b:
        raise ValueError('CS-READBACK ' + p)
)";

// Lines of a file somebody may have written by hand: only the given keys change. The password of one network
// is not sent to another.
constexpr std::string_view kWifiConf = R"(
def _cs_value(line):
    v = line.partition('=')[2].strip()
    return v[1:max(1, v.rfind(v[0]))] if v[:1] in ('"', "'") else v
def _cs_other_network(old, new):
    now = {}
    for line in old.split('\n'):
        now.setdefault(line.partition('=')[0].strip(), _cs_value(line))
    return ('wifi_ssid' in new and 'wifi_psw' not in new and now.get('wifi_ssid') and now.get('wifi_psw')
            and now['wifi_ssid'] != _cs_value(new['wifi_ssid']))
def _cs_wifi(new):
    p = '/wifi.conf'
    try:
        if _cs_exists(p) and os.stat(p)[6] > 4096:
            raise ValueError
        old = str(_cs_read(p), 'utf-8') if _cs_exists(p) else ''
    except (ValueError, UnicodeError):
        raise ValueError('CS-WIFI-CONF')
    plain = old.replace('\r\n', '\n')
    if _cs_other_network(plain, new):
        new['wifi_psw'] = 'wifi_psw=""'
        print('CS-NO-PASSWORD')
    lines = []
    seen = set()
    ssid = ''
    for line in plain.split('\n'):
        key, equals, value = line.partition('=')
        key = key.strip()
        if equals and key in new:
            if key in seen:
                continue
            line = new[key]
            value = line.partition('=')[2]
        if equals:
            seen.add(key)
            if key == 'wifi_ssid':
                ssid = value.strip()
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    for key in ('wifi_ssid', 'wifi_psw', 'server_ip', 'server_port'):
        if key not in seen:
            lines.append(new.get(key) or key + '=""')
            if key == 'wifi_ssid':
                ssid = lines[-1].partition('=')[2]
    text = '\n'.join(lines) + '\n'
    if text != old:
        _cs_open(p)
        _cs_f.write(text.encode())
        _cs_done(str(binascii.hexlify(hashlib.sha256(text.encode()).digest()), 'ascii'))
    if ssid in ('', '""', "''"):
        print('CS-NO-WIFI')
)";

// `end_with`: the function that is given the SHA-256 of the whole.
std::vector<Secret> scripts_write(std::string_view path, std::span<const std::uint8_t> content,
                                  const std::string& end_with) {
    std::vector<Secret> scripts;
    std::size_t done = 0;
    do {
        Script script;
        if (done == 0) script.add("_cs_open(" + python_string(path) + ")\n");
        const std::size_t end = std::min(content.size(), done + kScriptBytes);
        while (done < end) {
            const std::size_t line = std::min(kLineBytes, end - done);
            script.add("_cs_add(b'");
            script.add_base64(content.subspan(done, line));
            script.add("')\n");
            done += line;
        }
        if (done == content.size()) script.add(end_with + "('" + sha256_hex(content) + "')\n");
        scripts.push_back(script.take());
    } while (done < content.size());
    return scripts;
}

}  // namespace

Secret script_prelude() {
    return Secret(kPrelude);
}

Secret script_facts() {
    return Secret(kFacts);
}

std::vector<Secret> scripts_put(std::string_view path, std::span<const std::uint8_t> content) {
    return scripts_write(path, content, "_cs_done");
}

std::vector<Secret> scripts_stage(std::string_view path, std::span<const std::uint8_t> content) {
    return scripts_write(path, content, "_cs_staged");
}

Secret script_exchange(const std::vector<std::string>& arrived, const std::vector<std::string>& gone) {
    return Secret("_cs_exchange(" + python_list(arrived) + ", " + python_list(gone) + ")\n");
}

Secret script_clear_slot(std::string_view folder) {
    return Secret(std::string(kClearSlot) + "_cs_clear(" + python_string(folder) + ")\n");
}

Secret script_try_tls(std::string_view folder, std::size_t anchors) {
    return Secret(fmt::format("{}_cs_try({}, {})\n", kTryTls, python_string(folder), anchors));
}

Secret script_write_in_place(std::string_view path, std::string_view text) {
    Script script;
    script.add(kInPlace);
    script.add("_cs_in_place(" + python_string(path) + ", binascii.a2b_base64(b'");
    script.add_base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    script.add("'))\n");
    return script.take();
}

Secret script_wifi_conf(const std::map<std::string, Secret>& lines) {
    Script script;
    script.add(kWifiConf);
    script.add("_cs_wifi({");
    for (const auto& [key, line] : lines) {
        script.add("'" + key + "': str(binascii.a2b_base64(b'");
        script.add_base64(line.bytes());
        script.add("'), 'utf-8'),");
    }
    script.add("})\n");
    return script.take();
}

// The program may have been brought in this very session, over an older one that a boot.py imported.
constexpr std::string_view kImportEnrol = R"(import sys, gc
for _cs_m in [m for m in sys.modules if m.split('.')[0] == 'countersign']:
    del sys.modules[_cs_m]
gc.collect()
import countersign.enrol
)";

Secret script_request(std::string_view name, const Secret& seed) {
    Script script;
    script.add(kImportEnrol);
    script.add("countersign.enrol.request(" + python_string(name) + ", '");
    script.add(seed.text());
    script.add("')\n");
    return script.take();
}

Secret script_accept(std::string_view folder) {
    return Secret("import countersign.enrol\ncountersign.enrol.accept(" + python_string(folder) + ")\n");
}

Secret script_set_clock(Seconds now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(now - day);
    const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;  // Monday is 0
    return Secret(fmt::format(
        "try:\n    from machine import RTC\n    RTC().datetime(({}, {}, {}, {}, {}, {}, {}, 0))\n"
        "except ImportError:\n    pass\n",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        weekday, time.hours().count(), time.minutes().count(), time.seconds().count()));
}

}  // namespace countersign::loader
