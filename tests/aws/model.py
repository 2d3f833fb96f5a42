#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random network ACLs and security groups against a model of AWS's rules.

model.py answers SEED FOLDER   for each kind KIND.json, an answer of AWS
model.py configs SEED FOLDER   for each kind KIND.conf, a config that AWS can have
model.py packets SEED FILE     a capture of packets to and from this host
model.py judge KIND SEED FILE  what AWS lets pass of them by the rules in FILE
model.py same KIND FILE FILE   do two answers say the same?

Each packet opens a connection of its own, so the groups' memory does not show.
"""
import functools
import ipaddress
import json
import random
import struct
import sys

PACKETS = 10000
# Each of a few texts is read ten thousand times.
network = functools.cache(ipaddress.ip_network)
address = functools.cache(ipaddress.ip_address)
LOCAL = {4: "192.0.2.10", 6: "2001:db8:1::10"}
PEERS = {
    4: ["198.51.100.7", "198.51.100.200", "203.0.113.9", "203.0.113.130"],
    6: ["2001:db8:2::7", "2001:db8:2::1:7", "2001:db8:3::9"],
}
CIDRS = {
    4: ["0.0.0.0/0", "198.51.100.0/24", "198.51.100.129/25", "203.0.113.9/32"],
    6: ["::/0", "2001:db8:2::/48", "2001:db8:2::1:0/112", "2001:db8:3::9/128"],
}
PORTS = [(22, 22), (80, 81), (0, 65535), (1024, 65535), (0, 100), (32768, 60999), (65535, 65535)]
SOME_PORTS = [1, 22, 23, 80, 81, 82, 100, 101, 1023, 1024, 32767, 32768, 60999, 61000, 65535]
# what a peer may send first: echo and timestamp requests, and what has no
# memory at all
ICMP = {4: [(8, 0), (13, 0), (17, 0), (9, 0)], 6: [(128, 0), (138, 0), (139, 0), (144, 0)]}
HOST_PROTOCOLS = [6, 17, "icmp", 50, 47, 132]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def addresses(family, src, dst):
    return address(src).packed + address(dst).packed


def ip_packet(family, protocol, src, dst, payload):
    both = addresses(family, src, dst)
    if family == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
        sum_ = checksum(head + both)
        return head[:10] + struct.pack("!H", sum_) + both + payload
    return struct.pack("!IHBB", 0x60000000, len(payload), protocol, 64) + both + payload


def with_checksum(family, protocol, src, dst, payload, offset, pseudo=True):
    head = b""
    if pseudo:
        head = addresses(family, src, dst) + struct.pack("!II", len(payload), protocol)
    sum_ = checksum(head + payload)
    if protocol == 17 and sum_ == 0:
        sum_ = 0xFFFF
    return payload[:offset] + struct.pack("!H", sum_) + payload[offset + 2 :]


def sctp_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def build(p):
    family, protocol = p["family"], p["protocol"]
    src, dst = p["src"], p["dst"]
    if protocol == 6:
        body = struct.pack("!HHIIBBHHH", p["sport"], p["dport"], 1000, 0, 0x50, 2, 65535, 0, 0)
        body = with_checksum(family, 6, src, dst, body, 16)
    elif protocol == 17:
        body = struct.pack("!HHHH", p["sport"], p["dport"], 8, 0)
        body = with_checksum(family, 17, src, dst, body, 6)
    elif protocol == 132:
        init = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 65535, 1, 1, 1)
        body = struct.pack("!HHII", p["sport"], p["dport"], 0, 0) + init
        body = body[:8] + sctp_crc(body) + body[12:]
    elif protocol in (1, 58):
        body = struct.pack("!BBHHH", p["type"], p["code"], 0, p["id"], 1) + b"x" * 16
        body = with_checksum(family, protocol, src, dst, body, 2, protocol == 58)
    else:
        body = b"\0" * 4 + b"payload of some length"
    return ip_packet(family, protocol, src, dst, body)


def random_packet(r, number):
    family = r.choice((4, 6))
    peer = r.choice(PEERS[family])
    egress = r.random() < 0.5
    protocol = r.choice(HOST_PROTOCOLS)
    p = {"family": family, "egress": egress, "peer": peer}
    p["src"], p["dst"] = (LOCAL[family], peer) if egress else (peer, LOCAL[family])
    p["protocol"] = {4: 1, 6: 58}[family] if protocol == "icmp" else protocol
    if p["protocol"] in (1, 58):
        p["type"], p["code"] = r.choice(ICMP[family])
        p["id"] = number & 0xFFFF
    p["sport"], p["dport"] = 1 + number % 65535, r.choice(SOME_PORTS)
    return p


def write_capture(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for n, p in enumerate(packets):
            data = build(p)
            # no connection lives so long that a packet finds one
            file.write(struct.pack("<IIII", 1 + n * 1000, 0, len(data), len(data)))
            file.write(data)


def ports_match(low, high, p):
    return low <= p["dport"] <= high


def type_matches(type_, code, p):
    return type_ in (-1, p["type"]) and (type_ == -1 or code in (-1, p["code"]))


def random_icmp(r, family):
    type_ = r.choice([-1] + [t for t, _ in ICMP[family]])
    return type_, -1 if type_ < 0 else r.choice((-1, 0, 1))


# ---- network ACLs: ascending, first match, v4 and v6 apart, * last


def random_acl(r):
    entries = []
    for egress in (False, True):
        for number in r.sample(range(1, 32767), r.randint(3, 20)):
            family = r.choice((4, 6))
            protocol = r.choice((-1, 6, 6, 17, 17, 1, 58, 50, 47, 132))
            e = {
                "RuleNumber": number,
                "Egress": egress,
                "Protocol": str(protocol),
                "RuleAction": r.choice(("allow", "deny")),
                "CidrBlock" if family == 4 else "Ipv6CidrBlock": r.choice(CIDRS[family]),
            }
            if protocol in (6, 17):
                low, high = r.choice(PORTS)
                e["PortRange"] = {"From": low, "To": high}
            elif protocol == 50:
                e["PortRange"] = {"From": 5, "To": 6}  # says nothing
            if (protocol, family) in ((1, 4), (58, 6)):
                type_, code = random_icmp(r, family)
                e["IcmpTypeCode"] = {"Type": type_, "Code": code}
            entries.append(e)
        entries.append({"RuleNumber": 32767, "Egress": egress, "Protocol": "-1",
                        "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"})
        entries.append({"RuleNumber": 32768, "Egress": egress, "Protocol": "-1",
                        "RuleAction": "deny", "Ipv6CidrBlock": "::/0"})
    r.shuffle(entries)
    return {"NetworkAcls": [{"NetworkAclId": "acl-0a", "IsDefault": False, "Entries": entries,
                             "Associations": [], "Tags": [], "VpcId": "vpc-1", "OwnerId": "1"}]}


def acl_allows(answer, p):
    entries = answer["NetworkAcls"][0]["Entries"]
    for e in sorted(entries, key=lambda e: e["RuleNumber"]):
        cidr = e.get("CidrBlock" if p["family"] == 4 else "Ipv6CidrBlock")
        if e["Egress"] != p["egress"] or cidr is None:
            continue
        if address(p["peer"]) not in network(cidr, strict=False):
            continue
        protocol = int(e["Protocol"])
        if protocol not in (-1, p["protocol"]):
            continue
        if protocol in (6, 17) and not ports_match(e["PortRange"]["From"], e["PortRange"]["To"], p):
            continue
        if (protocol, p["family"]) in ((1, 4), (58, 6)):
            if not type_matches(e["IcmpTypeCode"]["Type"], e["IcmpTypeCode"]["Code"], p):
                continue
        return e["RuleAction"] == "allow"
    return False


# ---- security groups: what any of them allows


def random_references(r):
    """Sets that nobody has filled match nothing."""
    lists = [{"PrefixListId": "pl-0%d" % r.randint(1, 2), "Description": "list"}]
    groups = [{"GroupId": "sg-0%d" % r.randint(0, 9)}]
    return {"PrefixListIds": lists if r.random() < 0.2 else [],
            "UserIdGroupPairs": groups if r.random() < 0.2 else []}


def random_permission(r):
    protocol = r.choice(("-1", "tcp", "tcp", "udp", "icmp", "icmpv6", "50", "6", "132"))
    families = {"icmp": [4], "icmpv6": [6]}.get(protocol, [4, 6])
    p = {"IpProtocol": protocol, "IpRanges": [], "Ipv6Ranges": [], **random_references(r)}
    if protocol in ("tcp", "udp", "6"):
        p["FromPort"], p["ToPort"] = r.choice(PORTS)
    elif protocol in ("icmp", "icmpv6"):
        p["FromPort"], p["ToPort"] = random_icmp(r, families[0])
    for family, key, name in ((4, "IpRanges", "CidrIp"), (6, "Ipv6Ranges", "CidrIpv6")):
        if family in families:
            for cidr in r.sample(CIDRS[family], r.randint(0, 2)):
                p[key].append({name: cidr, "Description": 'why "%s"' % cidr})
    return p


def random_groups(r):
    return {"SecurityGroups": [
        {"GroupId": "sg-0%d" % n, "GroupName": "g", "Description": "d", "OwnerId": "1",
         "VpcId": "vpc-1",
         "IpPermissions": [random_permission(r) for _ in range(r.randint(0, 4))],
         "IpPermissionsEgress": [random_permission(r) for _ in range(r.randint(0, 4))]}
        for n in range(r.randint(1, 3))]}


def groups_allow(answer, p):
    for group in answer["SecurityGroups"]:
        for rule in group["IpPermissionsEgress" if p["egress"] else "IpPermissions"]:
            protocol = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}.get(
                rule["IpProtocol"]) or int(rule["IpProtocol"])
            if protocol not in (-1, p["protocol"]):
                continue
            if protocol in (6, 17) and not ports_match(rule["FromPort"], rule["ToPort"], p):
                continue
            if protocol in (1, 58) and not type_matches(rule["FromPort"], rule["ToPort"], p):
                continue
            peers = [x["CidrIp"] for x in rule["IpRanges"]] + [
                x["CidrIpv6"] for x in rule["Ipv6Ranges"]]
            for cidr in peers:
                within = network(cidr, strict=False)
                if within.version == p["family"] and address(p["peer"]) in within:
                    return True
    return False


# ---- the same rules, whatever their order and the words for them
#
# Of an ACL its entries are compared, of groups what each permits to whom.  Not
# kept are: id and the rest of an ACL; of a group all but its id, and the whole
# group if it permits nothing; the two last entries, which are always there; of a peer all but its id and description; host
# bits; ports and types where AWS ignores them; port 0, which no packet has.


def same_ports(low, high):
    return (1 if low in (-1, 0) else low, 65535 if high == -1 else high)


def same_acl(answer):
    entries = set()
    for e in answer["NetworkAcls"][0]["Entries"]:
        if e["RuleNumber"] > 32766:
            continue
        family = 4 if "CidrBlock" in e else 6
        detail = None
        if e["Protocol"] in ("6", "17"):
            detail = same_ports(e["PortRange"]["From"], e["PortRange"]["To"])
        elif (e["Protocol"], family) in (("1", 4), ("58", 6)):
            detail = (e["IcmpTypeCode"]["Type"], e["IcmpTypeCode"]["Code"])
        cidr = network(e.get("CidrBlock") or e["Ipv6CidrBlock"], strict=False)
        entries.add((e["Egress"], e["RuleNumber"], e["Protocol"], e["RuleAction"], cidr, detail))
    return entries


def same_groups(answer):
    permitted = set()
    for group in answer["SecurityGroups"]:
        for key in ("IpPermissions", "IpPermissionsEgress"):
            for rule in group[key]:
                name = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
                protocol, detail = name.get(rule["IpProtocol"], rule["IpProtocol"]), None
                if protocol in ("tcp", "udp"):
                    detail = same_ports(rule["FromPort"], rule["ToPort"])
                elif protocol in ("icmp", "icmpv6"):
                    detail = (rule["FromPort"], rule["ToPort"])
                what = (group["GroupId"], key, protocol, detail)
                for peer in rule.get("IpRanges", []) + rule.get("Ipv6Ranges", []):
                    cidr = network(peer.get("CidrIp") or peer["CidrIpv6"], strict=False)
                    permitted.add((*what, cidr, peer.get("Description")))
                for peer in rule.get("PrefixListIds", []) + rule.get("UserIdGroupPairs", []):
                    who = peer.get("PrefixListId") or peer["GroupId"]
                    permitted.add((*what, who, peer.get("Description")))
    return permitted


# ---- configs of ours that AWS can have, written with more than AWS has

ADDRESSES = ["192.0.2.10", "198.51.100.3-198.51.100.200", "203.0.113.0/25", "203.0.113.9",
             "198.51.100.0-203.0.113.130", "2001:db8:2::7", "2001:db8:2::-2001:db8:3::8",
             "2001:db8:2::1:0/112", "0.0.0.0/0", "::/0"]
MATCHES = ['port = 22;', 'port = (80, "100-1023");', 'protocol = "tcp";', 'protocol = ("udp", "icmp");',
           'protocol = ("tcp", "sctp", 47);', 'protocol = "udp"; port = "1024-65535";', 'port = "*";',
           'icmp = "echo-request";', 'icmp = "timestamp-request";',
           'protocol = "icmp"; icmp = ("8/0", "17");',
           'protocol = ("icmp", "icmpv6");', 'protocol = "icmpv6"; icmp = ("138", "139/0");', '']


def random_rule(r, key, action):
    peers = r.sample(ADDRESSES, r.randint(0, 3))
    if peers:
        peers = "%s = (%s);" % (key, ", ".join('"%s"' % p for p in peers))
    return "{ %s %s action = \"%s\"; }" % (r.choice(MATCHES), peers or "", action)


def random_table(r, name, key, actions):
    rules = [random_rule(r, key, r.choice(actions)) for _ in range(r.randint(1, 12))]
    return "%s = (\n%s\n);\n" % (name, ",\n".join(rules))


def random_config(r, kind):
    actions = ("allow", "block") if kind == "aws-network-acls" else ("allow",)
    text = random_table(r, "inbound", "from", actions) + random_table(r, "outbound", "to", actions)
    if kind == "aws-network-acls":
        return "acl = {\n%s};\n" % text
    return text.replace("\n);", ",\n{ action = \"block\"; }\n);")


KINDS = {
    "aws-network-acls": (random_acl, acl_allows, same_acl),
    "aws-security-groups": (random_groups, groups_allow, same_groups),
}


def random_packets(seed):
    r = random.Random(-1 - seed)
    return [random_packet(r, n) for n in range(PACKETS)]


def judge(kind, seed, path):
    with open(path) as file:
        answer = json.load(file)
    for p in random_packets(int(seed)):
        print("accept" if KINDS[kind][1](answer, p) else "drop")


def same(kind, one, other):
    said = []
    for path in (one, other):
        with open(path) as file:
            said.append(KINDS[kind][2](json.load(file)))
    for side, only in (("-", said[0] - said[1]), ("+", said[1] - said[0])):
        for what in sorted(only, key=str):
            print(side, *what)
    return 0 if said[0] == said[1] else 1


def main():
    command, *arguments = sys.argv[1:]
    if command == "judge":
        judge(*arguments)
    elif command == "same":
        sys.exit(same(*arguments))
    elif command == "packets":
        write_capture(arguments[1], random_packets(int(arguments[0])))
    else:
        r = random.Random(int(arguments[0]))
        for kind, (answer, _, _) in KINDS.items():
            name = "%s/%s" % (arguments[1], kind)
            if command == "answers":
                with open(name + ".json", "w") as file:
                    json.dump(answer(r), file, indent=1)
            else:
                with open(name + ".conf", "w") as file:
                    file.write(random_config(r, kind))


if __name__ == "__main__":
    main()
