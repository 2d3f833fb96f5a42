/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One spelling of tuples and flows in JSON, whoever shows them.
 */
#include "describe.h"

static void
put_endpoint(struct json *json, const char *key, const char *port_key,
    struct address address, uint16_t port, bool has_ports)
{
	char text[ADDRESS_TEXT_SIZE];

	address_print(address, text, sizeof(text));
	json_string(json, key, text);
	if (has_ports)
		json_unsigned(json, port_key, port);
	else
		json_null(json, port_key);
}

void
describe_tuple(struct json *json, const struct tuple *t)
{
	static const char *const keys[] = { "protocol", "source", "source_port",
		"destination", "destination_port" };
	char protocol[16];
	bool ports = t->kind == KIND_PORTS && protocol_has_ports(t->protocol);

	if (t->family != FAMILY_IPV4 && t->family != FAMILY_IPV6) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_null(json, keys[i]);
		return;
	}
	protocol_print(t->protocol, protocol, sizeof(protocol));
	json_string(json, "protocol", protocol);
	put_endpoint(json, "source", "source_port", t->src, t->sport, ports);
	put_endpoint(
	    json, "destination", "destination_port", t->dst, t->dport, ports);
}

static unsigned
icmp_type(const struct tuple *query)
{
	return query->kind == KIND_TIMESTAMP  ? 13
	       : query->family == FAMILY_IPV4 ? 8
					      : 128;
}

void
describe_flow(struct json *json, const struct flow_view *flow,
    const struct interfaces *interfaces)
{
	const char *in = interfaces_name(interfaces, flow->in_interface);
	const char *out = interfaces_name(interfaces, flow->out_interface);

	describe_tuple(json, &flow->tuple);
	if (flow->tuple.kind == KIND_ECHO ||
	    flow->tuple.kind == KIND_TIMESTAMP) {
		json_unsigned(json, "icmp_id", flow->tuple.sport);
		json_unsigned(json, "icmp_type", icmp_type(&flow->tuple));
	}
	json_string(json, "state", flow->state);
	json_bool(json, "assured", flow->assured);
	json_string(json, "direction", direction_name(flow->direction));
	json_string(json, "in_interface", *in ? in : NULL);
	json_string(json, "out_interface", *out ? out : NULL);
	json_open_array(json, "packets");
	json_unsigned(json, NULL, flow->packets[0]);
	json_unsigned(json, NULL, flow->packets[1]);
	json_close_array(json);
	json_open_array(json, "bytes");
	json_unsigned(json, NULL, flow->bytes[0]);
	json_unsigned(json, NULL, flow->bytes[1]);
	json_close_array(json);
	json_real(json, "age_seconds", (double)flow->age_ms / 1000);
	json_real(json, "idle_seconds", (double)flow->idle_ms / 1000);
	json_real(json, "expires_seconds", (double)flow->expires_ms / 1000);
}
