package report

// notApplicablePage is for a client with a serious illness: kind words and not one number, because averages of the
// healthy would only mislead. It has no date and no page number for the same reason.
func (s *sheet) notApplicablePage() {
	s.AddPage()
	s.coverBand("A plan that starts\nwith a conversation")
	s.y = coverHeight + 40
	body := s.styles.lead.In(s.colors.Ink)
	for _, one := range []string{
		"Thank you for answering with such openness. You told us of an illness, or of a need for daily help, that deserves " +
			"more than an average.",
		"HALO estimates are drawn from large groups of people without such an illness. They would not do justice to your " +
			"situation, so we have calculated none. That is no judgment about your health or your prospects: it only says " +
			"that a questionnaire is the wrong instrument here.",
		"What helps more is a conversation. Your doctor knows your health and what lies ahead better than any model can. " +
			"With what your doctor tells you, and with what matters most to you and your family, your advisor can make a plan " +
			"that fits: for care, for income, for the people who depend on you.",
	} {
		s.paragraph(one, body)
		s.y += 6
	}
	s.y += 8
	s.note("For the advisor", "The client's answers call for planning together with the client's doctor. No longevity, no "+
		"healthspan and no cost has been calculated or stored. Please get in touch in person; ask what the client and the "+
		"family need first, and let them set the pace.")
	s.paragraph("This page is general information, not medical or actuarial advice.", s.styles.small)
}
