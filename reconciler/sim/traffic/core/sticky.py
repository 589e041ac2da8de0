"""Affinity: who comes again goes to the same slot, as long as the edge lets it."""

from .balance import Balance
from .words import ABSENT, CLIENT_IP, DOWN, DRAIN, HASH_KEY


class Sticky(Balance):
    """The table from clients, or their addresses, to slots."""

    def key_of(self, client: int) -> int:
        """Where in the table a client is; a session too, unless what ties it is its own id."""
        if client >= self.everybody and self.affinity != HASH_KEY:
            client = self.p_client[client - self.everybody]
        return client % self.addresses if self.affinity == CLIENT_IP else client

    def stuck_to(self, client: int, now_ns: int) -> int:
        """The slot where a client belongs; -1 where it has none, or none it may still go to.

        An entry that is valid no more is gone, but for the slot being down: it may come back
        before the client does.
        """
        key = self.key_of(client)
        slot = self.a_slot[key] - 1
        if slot < 0:
            return -1
        if self.affinity_timeout > 0 and now_ns - self.a_last[key] > self.affinity_timeout:
            self.a_slot[key] = 0
            return -1
        edge = self.s_edge[slot]
        if edge in (ABSENT, DOWN) or (edge == DRAIN and self.moves_on_drain):
            return -1
        if not self.may(slot, now_ns):
            return -1
        return slot

    def stick(self, client: int, slot: int, now_ns: int) -> int:
        """Note where a client went; 1 if that is another slot than where it belonged."""
        key = self.key_of(client)
        before = self.a_slot[key] - 1
        self.a_slot[key] = slot + 1
        self.a_last[key] = now_ns
        self.s_tied[slot] = now_ns + 1
        return 1 if before >= 0 and before != slot else 0
