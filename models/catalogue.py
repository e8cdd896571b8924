"""The models that come with everyway, by the names of the command line."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from everyway.models.language.errors import UsageError, did_you_mean
from everyway.models.language.protocol import Protocol

PLACES: Mapping[str, str] = {
    "2pc": "everyway.models.two_phase_commit:TwoPhaseCommit",
    "3pc": "everyway.models.three_phase_commit:ThreePhaseCommit",
    "raft": "everyway.models.raft:Raft",
    "raft-membership": "everyway.models.raft_membership:RaftMembership",
    "raft-reads": "everyway.models.raft_reads:RaftReads",
    "raft-leases": "everyway.models.raft_leases:RaftLeases",
    "split-vote": "everyway.models.split_vote:SplitVote",
    "paxos-commit": "everyway.models.paxos_commit:PaxosCommit",
    "paxos": "everyway.models.paxos:Paxos",
    "multi-paxos": "everyway.models.multi_paxos:MultiPaxos",
    "duel": "everyway.models.duel:Duel",
    "acid": "everyway.models.acid:Acid",
    "outbox": "everyway.models.outbox:Outbox",
    "saga": "everyway.models.saga:Saga",
    "tcc": "everyway.models.tcc:Tcc",
    "cap": "everyway.models.cap_register:Cap",
    "replicated-account": "everyway.models.replicated_account:ReplicatedAccount",
    "chain-replication": "everyway.models.chain_replication:ChainReplication",
    "gray-lamport": "everyway.models.gray_lamport:TwoPhase",
    "abd": "everyway.models.abd:Abd",
    "lease-lock": "everyway.models.lease_lock:LeaseLock",
    "redlock": "everyway.models.redlock:Redlock",
    "pn-counter": "everyway.models.crdt:PnCounter",
    "or-set": "everyway.models.crdt:OrSet",
    "lww-map": "everyway.models.crdt:LwwMap",
    "alternating-bit": "everyway.models.alternating_bit:AlternatingBit",
    "ring-election": "everyway.models.ring_election:RingElection",
    "bully": "everyway.models.bully:Bully",
    "lamport-mutex": "everyway.models.lamport_mutex:LamportMutex",
    "kafka-isr": "everyway.models.kafka_isr:KafkaIsr",
    "leader-workers": "everyway.models.leader_workers:LeaderWorkers",
    "split-brain": "everyway.models.split_brain:SplitBrain",
    "election": "everyway.models.split_brain:Election",
    "base-store": "everyway.models.base_store:BaseStore",
    "session-store": "everyway.models.base_store:SessionStore",
    "cluster": "everyway.models.cluster:Cluster",
    "load-shedding": "everyway.models.cluster:LoadShedding",
}
"""Where each model is found: module and class. A model's module is imported only when it is asked for."""


def model(name: str) -> type[Protocol]:
    """Return the model of this name.

    Raises ``UsageError`` for an unknown name, naming the nearest.
    """
    if name not in PLACES:
        raise UsageError(
            f"unknown model '{name}'.{did_you_mean(name, PLACES)} `everyway list` shows all {len(PLACES)}."
        )
    module, _, kind = PLACES[name].partition(":")
    found: type[Protocol] = getattr(importlib.import_module(module), kind)
    return found
