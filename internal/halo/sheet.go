package halo

import "sync"

// The questions in the order of validation and of error reports. The numbers
// index the answer sheet and a Profile's values.
const (
	questionSex = iota
	questionAge
	questionSeriousIllness
	questionRetirementAge
	questionRetirementState
	questionEthnicity
	questionHeight
	questionWeight
	questionSmoking
	questionActivity
	questionDiet
	questionAlcohol
	questionDiabetes
	questionHeartDisease
	questionStroke
	questionCancerSurvivor
	questionFamilyHeartDisease
	questionFamilyStroke
	questionFamilyDiabetes
	questionFamilyAlzheimers
	questionFamilyCancers
	questionLongLivedRelatives
	questionDoctorVisits
	questionValuationYear // the last: it is the server's, not the visitor's
	questionCount
)

// The limits of age and valuation year, which size the cohort cache.
const (
	minAge, maxAge   = 18, 99
	minYear, maxYear = 2024, 2060
)

// defaultRetirementAge and defaultState are what a missing answer counts as.
const (
	defaultRetirementAge = 67
	defaultState         = "US"
)

// sections are the parts of the page, in order.
func sections() []Section {
	return []Section{
		{"about", "About you"},
		{"body", "Height and weight"},
		{"habits", "Everyday habits"},
		{"health", "Your health"},
		{"family", "Your family"},
		{"plans", "Your plans"},
	}
}

// answerSheet is every question in the order of validation: the single source
// for Parse, for Questions and for the reference in docs/model.md. It is built
// once and never changed.
var answerSheet = sync.OnceValue(func() []Question {
	sheet := make([]Question, questionCount)
	addPersonQuestions(sheet)
	addHabitQuestions(sheet)
	addHealthQuestions(sheet)
	addFamilyQuestions(sheet)
	addPlanQuestions(sheet)
	return sheet
})

// questionIndex finds a question by its id.
var questionIndex = sync.OnceValue(func() map[string]int {
	index := make(map[string]int, questionCount)
	for i, q := range answerSheet() {
		index[q.ID] = i
	}
	return index
})

func addPersonQuestions(sheet []Question) {
	sheet[questionSex] = Question{ID: "sex", Section: "about", Type: TypeChoice, Required: true,
		Wording: "Which sex should the life tables use?",
		Hint:    "Published life tables come in two: pick the one that fits you best.",
		Choices: []Choice{{"male", "Male"}, {"female", "Female"}}}
	sheet[questionAge] = Question{ID: "age", Section: "about", Type: TypeInteger, Required: true,
		Wording: "How old are you today?", Unit: "years", Min: limit(minAge), Max: limit(maxAge)}
	sheet[questionSeriousIllness] = Question{ID: "serious_illness", Section: "about", Type: TypeBoolean, Required: true,
		Wording: "Do you have dementia, cancer under treatment, kidney failure, severe heart or lung failure, an organ " +
			"transplant, or another illness your doctor calls life-limiting, or do you already need daily help?",
		Hint: "If so, averages would not do you justice, and your advisor will plan with you in person."}
	sheet[questionEthnicity] = Question{ID: "ethnicity", Section: "about", Type: TypeShares,
		Wording: "Ancestry, in percent", Hint: "The shares add up to 100. You may leave this out.",
		Choices: []Choice{{"white", "White"}, {"black", "Black"}, {"hispanic", "Hispanic"},
			{"asian", "Asian"}, {"other", "Other"}}, Unit: "percent", Min: limit(0), Max: limit(100)}
	sheet[questionHeight] = Question{ID: "height_in", Section: "body", Type: TypeNumber,
		Wording: "Height, inches", Hint: "5 feet 10 inches is 70 inches.", Unit: "inches",
		Min: limit(48), Max: limit(90), With: "weight_lb"}
	sheet[questionWeight] = Question{ID: "weight_lb", Section: "body", Type: TypeNumber,
		Wording: "Weight, pounds", Unit: "pounds", Min: limit(70), Max: limit(700), With: "height_in"}
}

func addHabitQuestions(sheet []Question) {
	sheet[questionSmoking] = Question{ID: "smoking", Section: "habits", Type: TypeChoice, Wording: "Cigarettes?",
		Choices: []Choice{{"never", "I have never smoked"},
			{"former_10plus", "I stopped 10 or more years ago"},
			{"former_3to9", "I stopped 3 to 9 years ago"},
			{"former_under3", "I stopped less than 3 years ago"},
			{"current", "I smoke"}}}
	sheet[questionActivity] = Question{ID: "activity", Section: "habits", Type: TypeChoice,
		Wording: "Moderate or harder activity in a normal week?",
		Hint:    "Anything that makes you breathe faster counts: a brisk walk, cycling, gardening.",
		Choices: []Choice{{"none", "None"}, {"some", "Some, under 150 minutes"},
			{"meets", "150 to 299 minutes"}, {"high", "300 minutes or more"}}}
	sheet[questionDiet] = Question{ID: "diet", Section: "habits", Type: TypeChoice,
		Wording: "Fruit and vegetables a day?", Hint: "A serving is about a handful.",
		Choices: []Choice{{"low", "0 to 2 servings"}, {"medium", "3 or 4 servings"}, {"high", "5 or more servings"}}}
	sheet[questionAlcohol] = Question{ID: "alcohol", Section: "habits", Type: TypeChoice,
		Wording: "Drinks a week? (1 drink = 14 g)",
		Hint:    "One drink is 12 oz of beer, 5 oz of wine or 1.5 oz of spirits: 14 g of alcohol.",
		Choices: []Choice{{"none", "None"}, {"light", "1 to 7"}, {"moderate", "8 to 14"},
			{"heavy", "15 to 28"}, {"very_heavy", "29 or more"}}}
}

func addHealthQuestions(sheet []Question) {
	has := func(id, what string) Question {
		return Question{ID: id, Section: "health", Type: TypeBoolean,
			Wording: "Has a doctor told you that you have " + what + "?"}
	}
	sheet[questionDiabetes] = has("has_diabetes", "diabetes")
	sheet[questionHeartDisease] = has("has_heart_disease", "heart disease")
	sheet[questionStroke] = has("has_stroke", "had a stroke")
	sheet[questionCancerSurvivor] = Question{ID: "cancer_survivor", Section: "health", Type: TypeBoolean,
		Wording: "Have you had a cancer (not skin basal-cell) that has needed no treatment for 5 years?"}
	sheet[questionDoctorVisits] = Question{ID: "doctor_visits", Section: "health", Type: TypeChoice,
		Wording: "Doctor visits a year?", Default: "average",
		Choices: []Choice{{"below_average", "0 to 2"}, {"average", "3 to 5"}, {"above_average", "6 or more"}}}
}

func addFamilyQuestions(sheet []Question) {
	family := func(id, what string) Question {
		return Question{ID: id, Section: "family", Type: TypeBoolean,
			Wording: "Has a parent, brother, sister or child had " + what + "?"}
	}
	sheet[questionFamilyHeartDisease] = family("family_heart_disease", "heart disease")
	sheet[questionFamilyStroke] = family("family_stroke", "a stroke")
	sheet[questionFamilyDiabetes] = family("family_diabetes", "diabetes")
	sheet[questionFamilyAlzheimers] = family("family_alzheimers", "Alzheimer's disease")
	sheet[questionFamilyCancers] = Question{ID: "family_cancers", Section: "family", Type: TypeChoices,
		Wording: "Which cancers have they had?",
		Hint:    "Choose none if they have had no cancer; leave this out if you do not know.",
		Choices: []Choice{{"bladder", "Bladder"}, {"breast", "Breast"}, {"colorectal", "Colon or rectum"},
			{"kidney", "Kidney"}, {"lung", "Lung"}, {"ovarian", "Ovary"}, {"pancreatic", "Pancreas"},
			{"prostate", "Prostate"}, {"melanoma", "Melanoma"}, {"other", "Another cancer"}}}
	sheet[questionLongLivedRelatives] = Question{ID: "long_lived_relatives", Section: "family", Type: TypeInteger,
		Wording: "How many parents and grandparents reached 90?", Min: limit(0), Max: limit(6)}
}

func addPlanQuestions(sheet []Question) {
	sheet[questionRetirementAge] = Question{ID: "retirement_age", Section: "plans", Type: TypeInteger,
		Wording: "At what age did you, or will you, stop working?", Unit: "years",
		Min: limit(40), Max: limit(90), Default: defaultRetirementAge}
	sheet[questionRetirementState] = Question{ID: "retirement_state", Section: "plans", Type: TypeChoice,
		Wording: "Where do you expect to live when retired?", Default: defaultState, Choices: stateChoices()}
	sheet[questionValuationYear] = Question{ID: "valuation_year", Type: TypeInteger,
		Wording: "Calendar year of the calculation", Min: limit(minYear), Max: limit(maxYear)}
}

// stateChoices lists the states of the price table, the whole country first.
func stateChoices() []Choice {
	states := loadedTables().states
	choices := make([]Choice, len(states))
	for i, s := range states {
		choices[i] = Choice{s.code, s.name}
		if s.code == defaultState {
			choices[i].Label = "Not sure yet (United States average)"
		}
	}
	return choices
}

func limit(v float64) *float64 { return &v }
