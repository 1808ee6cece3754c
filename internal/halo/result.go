package halo

// The statuses of a result.
const (
	// StatusOK marks a result with all of its numbers.
	StatusOK = "ok"
	// StatusNotApplicable marks a person whom the model must not estimate.
	StatusNotApplicable = "not_applicable"
	// StatusError marks answers that were refused; Errors says which.
	StatusError = "error"
)

// reasonSeriousIllness is the one reason of StatusNotApplicable.
const reasonSeriousIllness = "serious_illness"

// Result is what the model says about one person. When Status is StatusOK every
// field but Errors and Reason is set; when it is StatusNotApplicable only
// Reason, and when it is StatusError only Errors is, beside ModelVersion.
type Result struct {
	Status       string `json:"status"`
	ModelVersion string `json:"model_version"`
	// Errors are the refused answers, in the order of the questionnaire.
	Errors []FieldError `json:"errors"`
	// Reason is why the model does not apply.
	Reason string `json:"reason"`
	// DataSHA256 is the hash of the embedded tables, as DataSHA256().
	DataSHA256 string `json:"data_sha256"`
	// ValuationYear is the calendar year for which the result was computed.
	ValuationYear int `json:"valuation_year"`
	// BMI is the body mass index in kg/m², nil without height and weight.
	BMI              *float64        `json:"bmi"`
	Longevity        Longevity       `json:"longevity"`
	Healthspan       Healthspan      `json:"healthspan"`
	LifestyleMatrix  LifestyleMatrix `json:"lifestyle_matrix"`
	Tips             []Tip           `json:"tips"`
	PreventionTopics []string        `json:"prevention_topics"`
	OutOfPocket      OutOfPocket     `json:"out_of_pocket"`
	Care             Care            `json:"care"`
	Total            Total           `json:"total"`
}

// Longevity is how long the person may live.
type Longevity struct {
	// LifeExpectancyYears is the mean number of years still to come.
	LifeExpectancyYears float64 `json:"life_expectancy_years"`
	// LifeExpectancyAge is the person's age plus LifeExpectancyYears.
	LifeExpectancyAge float64 `json:"life_expectancy_age"`
	// AveragePersonYears is the life expectancy of the average person of the
	// same sex, age and valuation year.
	AveragePersonYears float64 `json:"average_person_years"`
	// LongevityAge is the age whose average person has the same years to come.
	LongevityAge float64 `json:"longevity_age"`
	// DeathAge is the spread of fate: quantiles of the age at death.
	DeathAge DeathAge `json:"death_age"`
	// Prob90, Prob95 and Prob100 are the chances of reaching that age.
	Prob90  float64 `json:"prob_90"`
	Prob95  float64 `json:"prob_95"`
	Prob100 float64 `json:"prob_100"`
	// ModelRangeLowAge and ModelRangeHighAge bound the life expectancy by the
	// model's own error (80 %). They are not the spread of fate.
	ModelRangeLowAge  float64 `json:"model_range_low_age"`
	ModelRangeHighAge float64 `json:"model_range_high_age"`
	// SurvivalBy5Y is the chance of reaching each coming multiple of 5 to 110.
	SurvivalBy5Y []SurvivalAt `json:"survival_by_5y"`
}

// DeathAge holds quantiles of the age at death.
type DeathAge struct {
	P10 float64 `json:"p10"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P90 float64 `json:"p90"`
}

// SurvivalAt is the chance P of being alive at an exact Age.
type SurvivalAt struct {
	Age int     `json:"age"`
	P   float64 `json:"p"`
}

// Healthspan splits the years to come into working, retired and assisted ones;
// the three add up to the life expectancy.
type Healthspan struct {
	ActiveWorkingYears    float64 `json:"active_working_years"`
	ActiveRetirementYears float64 `json:"active_retirement_years"`
	// AssistedYears are the years with a need of daily help.
	AssistedYears float64 `json:"assisted_years"`
	// YearsLost is what the best habits would add to the life expectancy.
	YearsLost float64 `json:"years_lost"`
	// AssistedFromAge is where a drawn timeline starts the assisted years.
	AssistedFromAge float64 `json:"assisted_from_age"`
	// RetirementAge is the age that was answered, or the default.
	RetirementAge            int     `json:"retirement_age"`
	OptimalLifeExpectancyAge float64 `json:"optimal_life_expectancy_age"`
}

// LifestyleMatrix is what the same person would have with each combination of
// exercise, no smoking and an ideal weight.
type LifestyleMatrix struct {
	Exerciser                  Lifestyle `json:"exerciser"`
	NonSmoker                  Lifestyle `json:"non_smoker"`
	IdealBMI                   Lifestyle `json:"ideal_bmi"`
	ExerciserNonSmoker         Lifestyle `json:"exerciser_non_smoker"`
	ExerciserIdealBMI          Lifestyle `json:"exerciser_ideal_bmi"`
	NonSmokerIdealBMI          Lifestyle `json:"non_smoker_ideal_bmi"`
	ExerciserNonSmokerIdealBMI Lifestyle `json:"exerciser_non_smoker_ideal_bmi"`
}

// Lifestyle is one cell of the matrix: years, and dollars at the prices of the
// valuation year.
type Lifestyle struct {
	LifeExpectancy        float64 `json:"life_expectancy"`
	ActiveWorkingYears    float64 `json:"active_working_years"`
	ActiveRetirementYears float64 `json:"active_retirement_years"`
	AssistedYears         float64 `json:"assisted_years"`
	YearsLost             float64 `json:"years_lost"`
	OutOfPocketToday      float64 `json:"out_of_pocket_today"`
	CareToday             float64 `json:"care_today"`
}

// Tip is one change of habit and the years that it would add.
type Tip struct {
	ID                string  `json:"id"`
	YearsGained       float64 `json:"years_gained"`
	ActiveYearsGained float64 `json:"active_years_gained"`
}

// OutOfPocket is medical cost that the person pays, long-term care excluded.
// "Today" is at prices of the valuation year, "Future" in dollars of the year
// in which they are spent.
type OutOfPocket struct {
	Bands            [7]CostBand `json:"bands"`
	LifetimeToday    float64     `json:"lifetime_today"`
	LifetimeFuture   float64     `json:"lifetime_future"`
	RetirementToday  float64     `json:"retirement_today"`
	RetirementFuture float64     `json:"retirement_future"`
	// LifetimeTodayP10, P50 and P90 are the cost up to that quantile of the
	// age at death.
	LifetimeTodayP10 float64 `json:"lifetime_today_p10"`
	LifetimeTodayP50 float64 `json:"lifetime_today_p50"`
	LifetimeTodayP90 float64 `json:"lifetime_today_p90"`
}

// CostBand is the out-of-pocket cost in one band of attained age.
type CostBand struct {
	Band        string  `json:"band"`
	Annual      float64 `json:"annual"`
	Years       float64 `json:"years"`
	TotalToday  float64 `json:"total_today"`
	TotalFuture float64 `json:"total_future"`
}

// Care is the cost of long-term care, with every assisted year at its full
// private price.
type Care struct {
	// State is the code that was answered, or the default.
	State               string       `json:"state"`
	Settings            CareSettings `json:"settings"`
	BlendedAnnual       float64      `json:"blended_annual"`
	ExpectedTotalToday  float64      `json:"expected_total_today"`
	ExpectedTotalFuture float64      `json:"expected_total_future"`
	// ProbNeed is the chance of ever needing daily help; YearsIfNeeded the
	// mean duration for those who do.
	ProbNeed      float64 `json:"prob_need"`
	YearsIfNeeded float64 `json:"years_if_needed"`
	YearsP50      float64 `json:"years_p50"`
	YearsP75      float64 `json:"years_p75"`
	YearsP90      float64 `json:"years_p90"`
	YearsP95      float64 `json:"years_p95"`
	TotalTodayP50 float64 `json:"total_today_p50"`
	TotalTodayP75 float64 `json:"total_today_p75"`
	TotalTodayP90 float64 `json:"total_today_p90"`
	TotalTodayP95 float64 `json:"total_today_p95"`
}

// CareSettings are the ways in which care is given.
type CareSettings struct {
	HomeCare       CareSetting `json:"home_care"`
	AdultDay       CareSetting `json:"adult_day"`
	AssistedLiving CareSetting `json:"assisted_living"`
	NursingSemi    CareSetting `json:"nursing_semi"`
	NursingPrivate CareSetting `json:"nursing_private"`
}

// CareSetting is the price of one setting and its part of the assisted years.
type CareSetting struct {
	Annual             float64 `json:"annual"`
	Share              float64 `json:"share"`
	ExpectedYears      float64 `json:"expected_years"`
	ExpectedTotalToday float64 `json:"expected_total_today"`
	IfAllYearsToday    float64 `json:"if_all_years_today"`
}

// Total is lifetime out-of-pocket cost plus expected cost of care.
type Total struct {
	Today  float64 `json:"today"`
	Future float64 `json:"future"`
}

// FieldError says that the answer Field was refused, and by which rule:
// required, type, choice, range, sum, duplicate, pair, bmi_range or
// unknown_field. An empty Field is the answer sheet as a whole.
type FieldError struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

// Invalid is the result for refused answers.
func Invalid(errors []FieldError) Result {
	return Result{Status: StatusError, ModelVersion: ModelVersion, Errors: errors}
}

// SurvivalPoint is one year of a survival curve: the chance P of being alive at
// an exact Age, and the 80 % band of the model's own error around it.
type SurvivalPoint struct {
	Age          int
	P, Low, High float64
}
