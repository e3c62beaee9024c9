package scenario

// second-means is the example of a script. A member's card is declined, so the member pays the same order's price with
// points; thinks better of it, gives a part back, and asks once more what became of it. It is what a list of steps cannot
// say: the second payment is made because of what the first one came to, and of its amount.
func init() { Register("second-means", Script{Payments: 2, Play: secondMeans}) }

func secondMeans(p *Play) {
	amount := 1_000 + p.Chance.Int64N(9_000)
	card := p.Do(Step{
		Do: DoCreate, Payment: "card", Means: []Means{PG}, Amount: amount,
		Outcome: map[Means]string{PG: []string{"decline:stolen_card", "ok"}[p.Chance.IntN(2)]},
	})
	paid := "card"
	if card.State == "FAILED" {
		paid = "points"
		p.Do(Step{Do: DoThink, Think: "uniform/100ms/500ms"})
		p.Do(Step{Do: DoCreate, Payment: paid, Means: []Means{Point}, Amount: amount, Async: true})
		p.Do(Step{Do: DoAwait, Payment: paid, State: "PAID"})
	}
	part := amount / 4
	p.Do(Step{Do: DoCancel, Payment: paid, Amount: part, State: "SUCCEEDED"})
	p.Do(Step{Do: DoReplay, Payment: paid})
	p.Do(Step{Do: DoExpect, Payment: paid, State: "PARTIALLY_CANCELED", Canceled: &part})
}
