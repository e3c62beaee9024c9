package verify

// replayed is the first part of invariant 9: whoever repeats a request, the merchant or a probe, gets the first finished
// answer again, byte by byte and marked; another request with the key gets 422; and the payment was made by the key that it
// is answered for.
func replayed(v *Verdict, c *Case) {
	for i := range c.Seen {
		s := &c.Seen[i]
		v.check(9, int64(max(s.Answers, s.probes)))
		switch {
		case s.difference != "":
			v.violated(9, c, s.Order, "%s", s.difference)
		case i == 0 && c.Row != nil && !c.Row.Missing && s.Answers > 0 && c.Row.KeyHash != s.Key:
			v.violated(9, c, s.Order, "the payment was made by another key than the one that is answered with it")
		}
		for k := range s.Cancels {
			asked := &s.Cancels[k]
			v.check(9, int64(asked.Answers))
			if asked.difference != "" {
				v.violated(9, c, s.Order, "a cancellation: %s", asked.difference)
				continue
			}
			if c.Row == nil || asked.Answers == 0 {
				continue
			}
			if of := c.Row.cancellation(asked.Seq); of != nil && !of.Missing && of.KeyHash != asked.Key {
				v.violated(9, c, s.Order, "cancellation %d was made by another key than the one that is answered with it", of.Seq)
			}
		}
	}
}
