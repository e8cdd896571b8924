-- Two-phase commit as Gray and Lamport specify it, for Murphi: models/gray_lamport.py state by state and step by step.
--
-- Gray & Lamport, "Consensus on transaction commit", ACM Transactions on Database Systems 31 (2006), section 3
-- and appendix A.2, the module TwoPhase.
--
--     rumur --symmetry-reduction off --deadlock-detection off --threads 1 --bound 0 --output checker.c gray_lamport.m
--     gcc -std=c11 -O3 -march=native -mcx16 -o checker checker.c -lpthread
--     ./checker
--
-- States: 12, 56, 288, 1568, 8832 for one to five resource managers, 10340352 for nine; transitions ("rules fired")
-- are as many as everyway's. The benchmark writes another number over the constant N.
--
-- The managers are a range and not a scalarset: every tool here counts all states, none up to renaming.

const
  N: 3;

type
  manager: 0 .. N - 1;
  tm_state: enum { tm_init, tm_committed, tm_aborted };
  rm_state: enum { working, prepared, committed, aborted };

var
  -- The transaction manager. It sends Commit and Abort to all in the step that decides, and messages stay in the
  -- network for ever: so Commit is there to be received exactly when tm is tm_committed, and Abort when tm_aborted.
  tm: tm_state;
  heard: array [manager] of boolean; -- from whom the transaction manager has received Prepared
  rm: array [manager] of rm_state;
  -- The network: who has sent Prepared. rm does not tell, for whoever prepared may have aborted since.
  sent: array [manager] of boolean;

startstate begin
  tm := tm_init;
  for i: manager do
    heard[i] := false;
    rm[i] := working;
    sent[i] := false;
  end;
end;

rule "commit"
  tm = tm_init & forall i: manager do heard[i] end ==>
begin
  tm := tm_committed;
end;

rule "abort"
  tm = tm_init ==>
begin
  tm := tm_aborted;
end;

ruleset i: manager do

  rule "receive prepared"
    tm = tm_init & sent[i] ==>
  begin
    heard[i] := true;
  end;

  rule "prepare"
    rm[i] = working ==>
  begin
    rm[i] := prepared;
    sent[i] := true;
  end;

  rule "choose to abort"
    rm[i] = working ==>
  begin
    rm[i] := aborted;
  end;

  rule "receive commit"
    tm = tm_committed ==>
  begin
    rm[i] := committed;
  end;

  rule "receive abort"
    tm = tm_aborted ==>
  begin
    rm[i] := aborted;
  end;

end;

invariant "consistency" -- TCConsistent: none has committed while another has aborted
  !(exists i: manager do rm[i] = committed end & exists i: manager do rm[i] = aborted end);
