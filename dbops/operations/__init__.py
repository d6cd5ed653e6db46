"""One module per noun; each verb plans from (Target, State) and says what is true afterwards."""
