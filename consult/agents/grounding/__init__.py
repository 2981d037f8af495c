"""Read lines: the facts they state, the urgency of a referral, and danger signs in a person's words."""
