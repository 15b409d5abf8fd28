#include "properties.h"

#include <iterator>
#include <limits>

#include "arguments.h"
#include "core/mqtt/property.h"

namespace countersign::native {
namespace {

using mqtt::Property;

struct Name {
    std::string_view name;
    Property id;
};
// Each has the type its property has: a number, text, bytes, and for `user` pairs of text.
constexpr Name kNames[] = {{"expires_after", Property::message_expiry_interval},
                           {"content_type", Property::content_type},
                           {"response_topic", Property::response_topic},
                           {"correlation_data", Property::correlation_data},
                           {"user", Property::user_property}};

constexpr std::size_t kHead = 5;  // bytes beside a value at most: its id, and a number or one or two lengths

const Name* find(std::string_view name) {
    for (const Name& one : kNames) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

const Name* find(Property id) {
    for (const Name& one : kNames) {
        if (one.id == id) return &one;
    }
    return nullptr;
}

// Calls with each entry's property and value.
template <typename Use>
void each(mp_obj_t dict, Use use) {
    const mp_map_t& map = *mp_obj_dict_get_map(dict);
    for (std::size_t i = 0; i < map.alloc; ++i) {
        if (!mp_map_slot_is_filled(&map, i)) continue;
        const Name* name = find(text_of(map.table[i].key));
        if (name == nullptr) raise_type_error("no property of a message");
        use(name->id, map.table[i].value);
    }
}

template <typename Use>
void each_pair(mp_obj_t pairs, Use use) {
    std::size_t count = 0;
    mp_obj_t* items = nullptr;
    mp_obj_get_array(pairs, &count, &items);
    for (std::size_t i = 0; i < count; ++i) {
        mp_obj_t* pair = nullptr;
        mp_obj_get_array_fixed_n(items[i], 2, &pair);
        use(text_of(pair[0]), text_of(pair[1]));
    }
}

std::size_t room_for(Property id, mp_obj_t value) {
    if (id == Property::message_expiry_interval) return kHead;
    if (id != Property::user_property) return kHead + bytes_of(value).size();
    std::size_t room = 0;
    each_pair(value, [&](std::string_view name, std::string_view text) {
        room += kHead + name.size() + text.size();
    });
    return room;
}

std::uint32_t seconds(mp_obj_t value) {
    const auto number = static_cast<std::uint64_t>(mp_obj_get_int(value));  // what is negative is very large
    if (number > std::numeric_limits<std::uint32_t>::max())
        raise_type_error("expires_after: 32 bits of seconds");
    return static_cast<std::uint32_t>(number);
}

void write(mqtt::PropertyWriter& writer, Property id, mp_obj_t value) {
    if (id == Property::message_expiry_interval) {
        writer.number(id, seconds(value));
    } else if (id == Property::correlation_data) {
        writer.binary(id, bytes_of(value));
    } else if (id == Property::user_property) {
        each_pair(value, [&](std::string_view name, std::string_view text) { writer.user(name, text); });
    } else {
        writer.text(id, text_of(value));
    }
}

mp_obj_t value_of(const mqtt::PropertyValue& property) {
    if (property.id == Property::message_expiry_interval) return mp_obj_new_int_from_uint(property.number);
    if (property.id == Property::correlation_data) return new_bytes(property.bytes);
    if (property.id != Property::user_property) return new_text(property.text());
    const mp_obj_t pair[] = {new_text(property.name), new_text(property.text())};
    return mp_obj_new_tuple(std::size(pair), pair);
}

}  // namespace

mqtt::Properties properties_of(mp_obj_t object) {
    if (object == mp_const_none) return {};
    if (!mp_obj_is_dict_or_ordereddict(object)) raise_type_error("properties: a dict");
    std::size_t room = 0;
    each(object, [&](Property id, mp_obj_t value) { room += room_for(id, value); });
    if (room == 0) return {};
    mqtt::PropertyWriter writer({m_new(std::uint8_t, room), room});
    each(object, [&](Property id, mp_obj_t value) { write(writer, id, value); });
    if (!writer.fits()) raise_type_error("a property has at most 65535 bytes");
    return writer.done();
}

mp_obj_t dict_of(mqtt::Properties properties) {
    if (properties.encoded.empty()) return mp_const_none;
    const mp_obj_t dict = mp_obj_new_dict(0);
    mp_obj_t user = MP_OBJ_NULL;
    mqtt::PropertyReader reader(properties);
    for (mqtt::PropertyValue property; reader.next(property);) {
        const Name* name = find(property.id);
        if (name == nullptr) continue;
        if (property.id != Property::user_property) {
            mp_obj_dict_store(dict, new_text(name->name), value_of(property));
            continue;
        }
        if (user == MP_OBJ_NULL) {
            user = mp_obj_new_list(0, nullptr);
            mp_obj_dict_store(dict, new_text(name->name), user);
        }
        mp_obj_list_append(user, value_of(property));
    }
    return dict;
}

}  // namespace countersign::native
