package verify

// acknowledged is invariant 7: what the client saw in a 2xx is a prefix of the payment's history, and of the cancellation's.
// Its count of what was checked is the number of 2xx answers.
func acknowledged(v *Verdict, c *Case) {
	for i := range c.Seen {
		s := &c.Seen[i]
		v.check(7, int64(s.Told))
		if i > 0 {
			v.violated(7, c, s.Order, "the answers to two requests with different keys name one payment; the first was for order %s", c.Seen[0].Order)
			continue
		}
		acknowledgedPayment(v, c, s)
		for k := range s.Cancels {
			if s.Cancels[k].Answers > 0 {
				acknowledgedCancellation(v, c, s, k)
			}
		}
	}
}

func acknowledgedPayment(v *Verdict, c *Case, s *Seen) {
	switch row := c.Row; {
	case s.Contrary != "":
		v.violated(7, c, s.Order, "%s", s.Contrary)
	case row == nil || row.Missing:
		v.violated(7, c, s.Order, "the client got a 2xx for it, and the database does not have it")
	case row.Order != s.Order || row.Merchant != s.Merchant || row.Amount != s.Amount:
		v.violated(7, c, s.Order, "the client asked for order %s of merchant %d, %d; the database has %s of %d, %d",
			s.Order, s.Merchant, s.Amount, row.Order, row.Merchant, row.Amount)
	case s.Final != "" && row.State != s.Final:
		v.violated(7, c, s.Order, "the client saw %s, and the database has %s", s.Final, row.State)
	case s.Accepted && row.Mode != "ASYNC":
		v.violated(7, c, s.Order, "the client saw ACCEPTED, and the payment is %s, which never is", row.Mode)
	case s.Given == all && row.Canceled != row.Amount, s.Given == part && row.Canceled == 0:
		v.violated(7, c, s.Order, "the client saw it canceled, and the database has %d canceled of %d", row.Canceled, row.Amount)
	}
}

func acknowledgedCancellation(v *Verdict, c *Case, s *Seen, k int) {
	asked := &s.Cancels[k]
	if asked.Contrary != "" {
		v.violated(7, c, s.Order, "%s", asked.Contrary)
		return
	}
	var of *Cancellation
	if c.Row != nil {
		of = c.Row.cancellation(asked.Seq)
	}
	if of == nil || of.Missing {
		v.violated(7, c, s.Order, "the client got a 2xx for cancellation %d, and the database does not have it", asked.Seq)
		return
	}
	for i := range k {
		if s.Cancels[i].Seq == asked.Seq {
			v.violated(7, c, s.Order, "the answers to two requests with different keys name one cancellation, %d", asked.Seq)
			return
		}
	}
	switch {
	case asked.Amount != 0 && of.Amount != asked.Amount, asked.Named != 0 && of.Amount != asked.Named:
		v.violated(7, c, s.Order, "the client asked to cancel %d (0: all) and was told %d (0: nothing); cancellation %d is of %d",
			asked.Amount, asked.Named, of.Seq, of.Amount)
	case asked.Final != "" && of.State != asked.Final:
		v.violated(7, c, s.Order, "the client saw cancellation %d %s, and the database has %s", of.Seq, asked.Final, of.State)
	}
}
