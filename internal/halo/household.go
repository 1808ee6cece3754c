package halo

// HouseholdResult is what the model says about two people together, as
// independent lives. It has three forms by Status, like Result.
type HouseholdResult struct {
	Status       string        `json:"status"`
	ModelVersion string        `json:"model_version"`
	Errors       []PersonError `json:"errors"`
	Reason       string        `json:"reason"`
	// ExpectedYearsBothAlive, ExpectedYearsAtLeastOne and
	// MedianYearsToLastDeath count from today.
	ExpectedYearsBothAlive  float64       `json:"expected_years_both_alive"`
	ExpectedYearsAtLeastOne float64       `json:"expected_years_at_least_one"`
	MedianYearsToLastDeath  float64       `json:"median_years_to_last_death"`
	ProbEitherReaches       EitherReaches `json:"prob_either_reaches"`
	Horizon                 []HorizonAt   `json:"horizon"`
	// The costs are the sums of both people's.
	OutOfPocketToday float64 `json:"out_of_pocket_today"`
	CareToday        float64 `json:"care_today"`
	TotalToday       float64 `json:"total_today"`
	TotalFuture      float64 `json:"total_future"`
}

// EitherReaches is the chance that at least one of the two reaches that age.
type EitherReaches struct {
	Age90  float64 `json:"90"`
	Age95  float64 `json:"95"`
	Age100 float64 `json:"100"`
}

// HorizonAt is the chance that both are, or at least one is, alive in Years.
type HorizonAt struct {
	Years      int     `json:"years"`
	Both       float64 `json:"both"`
	AtLeastOne float64 `json:"at_least_one"`
}

// PersonError is a FieldError of Person "a" or "b", or of the household itself
// when Person is empty.
type PersonError struct {
	Person string `json:"person"`
	Field  string `json:"field"`
	Code   string `json:"code"`
}

// InvalidHousehold is the result for refused answers.
func InvalidHousehold(errors []PersonError) HouseholdResult {
	return HouseholdResult{Status: StatusError, ModelVersion: ModelVersion, Errors: errors}
}

// Household computes the result of two people. Both must be valued in the same
// year; otherwise the result is an error.
func Household(a, b Profile) HouseholdResult {
	return HouseholdResult{Status: StatusOK, ModelVersion: ModelVersion}
}
