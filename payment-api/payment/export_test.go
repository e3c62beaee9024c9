package payment

import "context"

// AnswerPending is what happens to a request whose caller does not want to wait any longer (see within): the simulation lets
// it happen at any moment of the work.
func (s *Service) AnswerPending(ctx context.Context, p *Payment) (Answer, error) {
	return s.answerPending(ctx, &Payment{ID: p.ID, Merchant: p.Merchant, KeyHash: p.KeyHash, State: Processing})
}
