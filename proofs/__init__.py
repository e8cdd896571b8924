"""What no enumeration can show: proofs, impossibility and synthesis with the solver z3."""
