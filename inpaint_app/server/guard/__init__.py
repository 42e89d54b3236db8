"""Which requests come through, from whom, and how many: routes, hosts, identity, ownership, limits.

Knows no photo: it judges addresses, headers, sessions and counts.
"""
