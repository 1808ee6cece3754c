// Package topics holds the words about habits and about illnesses in the family.
//
// They are content, not code: short, general, the same for everybody. Review says how far a clinician has read them;
// change it together with the texts.
package topics

// Review is the state of the texts, in words for the reader of a report.
const Review = "They have not been reviewed by a clinician yet."

// Advice is a habit that can be changed.
type Advice struct{ Title, Text string }

// Topic is an illness in the family with what lowers the risk or finds it early.
type Topic struct {
	Title  string
	Advice []string
}

var habits = map[string]Advice{
	"quit_smoking":             {"Stop smoking", "Counseling and medicines together work best; 1-800-QUIT-NOW is free."},
	"be_active":                {"Be active", "150 minutes a week at a pace that makes you breathe faster."},
	"reach_healthy_weight":     {"Reach a healthy weight", "A body mass index between 20 and 25, reached slowly and kept."},
	"eat_fruit_and_vegetables": {"Eat fruit and vegetables", "Five or more servings a day; frozen ones count."},
	"drink_less":               {"Drink less alcohol", "At most seven drinks a week, with days without any."},
}

// Worse is the words about a habit that could become worse.
type Worse struct {
	Name string // of the worse habit
	Kept string // of the present one
	Text string // what the two are
}

var worseHabits = map[string]Worse{
	"smoking":   {"Smoking", "No smoking", "Compared with smoking from today on."},
	"activity":  {"No exercise", "Exercise", "Compared with none."},
	"diet":      {"Little fruit, few vegetables", "Fruit and vegetables", "Compared with at most two servings a day."},
	"alcohol":   {"15 to 28 drinks a week", "Little or no alcohol", "Compared with 15 to 28 drinks a week."},
	"body_mass": {"Body mass index of 32", "Your weight", "Compared with a body mass index of 32."},
}

// WorseHabit is the words for what a worse habit would take; a habit that is new here is shown as it is.
func WorseHabit(id string) Worse {
	if words, ok := worseHabits[id]; ok {
		return words
	}
	return Worse{Name: id, Kept: id}
}

// Habit is the words for a tip's id; an id that is new here is shown as it is.
func Habit(id string) Advice {
	if words, ok := habits[id]; ok {
		return words
	}
	return Advice{Title: id}
}

// Prevention is the words for a prevention topic's id; an id that is new here is shown as it is, with general advice.
func Prevention(id string) Topic {
	if topic, ok := illnesses[id]; ok {
		return topic
	}
	return Topic{Title: id, Advice: []string{"Tell your doctor who had it and at what age, and ask what follows for you."}}
}

var illnesses = map[string]Topic{
	"family_heart_disease": {"Heart disease in the family", []string{
		"Know your blood pressure and cholesterol, and have them checked at the intervals your doctor sets.",
		"Move most days of the week, do not smoke, and choose food with little salt and saturated fat.",
		"Tell your doctor if a father or brother was ill before 55, a mother or sister before 65.",
	}},
	"family_stroke": {"Stroke in the family", []string{
		"High blood pressure is the largest cause: measure it, also at home, and treat it.",
		"Ask whether your heartbeat is regular; atrial fibrillation can be treated.",
		"Learn the signs, face, arm and speech, and call 911 at once.",
	}},
	"family_diabetes": {"Diabetes in the family", []string{
		"Ask for a blood sugar test; adults of 35 to 70 with overweight should have one.",
		"Losing 5 to 7 percent of the weight and 150 minutes of activity a week halve the risk for many.",
		"Prefer water to sweet drinks and whole grains to white flour.",
	}},
	"family_alzheimers": {"Alzheimer's disease in the family", []string{
		"What is good for the heart is good for the brain: blood pressure, activity, no smoking.",
		"Have hearing loss treated, sleep enough, and keep company and learning in your week.",
		"Talk to your doctor early when memory changes; and put your wishes in writing while it is easy.",
	}},
	"cancer_bladder": {"Bladder cancer in the family", []string{
		"Smoking is the largest cause; stopping lowers the risk.",
		"Tell a doctor about any blood in the urine, even when it happens once and does not hurt.",
		"Mind the safety rules when you work with dyes, solvents or exhaust.",
	}},
	"cancer_breast": {"Breast cancer in the family", []string{
		"Mammograms every other year from 40 to 74 are advised for most women; ask whether yours should start earlier.",
		"With several relatives, or a young one, ask about genetic counseling (BRCA). It concerns men too.",
		"Little alcohol, a healthy weight and activity lower the risk.",
	}},
	"cancer_colorectal": {"Bowel cancer in the family", []string{
		"Screening is advised from 45, with a close relative often from 40 or ten years before the relative's age.",
		"A colonoscopy can remove growths before they become cancer; ask which test suits you.",
		"Eat fiber, little processed meat, and move; do not smoke.",
	}},
	"cancer_kidney": {"Kidney cancer in the family", []string{
		"Do not smoke, keep a healthy weight and treat high blood pressure.",
		"Tell a doctor about blood in the urine or a lasting pain in the flank.",
		"With two or more relatives, or a young one, ask about genetic counseling.",
	}},
	"cancer_lung": {"Lung cancer in the family", []string{
		"If you smoke, stopping is the best thing you can do, at any age.",
		"People of 50 to 80 who smoked much, and did so in the last 15 years, are offered a yearly low-dose CT.",
		"Test your home for radon, and keep it free of smoke.",
	}},
	"cancer_ovarian": {"Ovarian cancer in the family", []string{
		"Ask about genetic counseling (BRCA, Lynch): there is no reliable screening test for all women.",
		"Tell a doctor about bloating, fullness or pelvic pain on most days of a few weeks.",
		"Ask about the pros and cons of the pill and of surgery if a gene is found.",
	}},
	"cancer_pancreatic": {"Pancreatic cancer in the family", []string{
		"Do not smoke, drink little, and keep a healthy weight.",
		"Ask about genetic counseling; with a gene or several relatives, yearly imaging may be offered.",
		"Tell a doctor about diabetes that starts late and suddenly, or weight loss without a reason.",
	}},
	"cancer_prostate": {"Prostate cancer in the family", []string{
		"Men: talk about the PSA test from 40 to 45 on rather than at 55; weigh benefits and harms.",
		"With several relatives, or one who died young, ask about genetic counseling.",
		"Tell a doctor about changes in passing water.",
	}},
	"cancer_melanoma": {"Melanoma in the family", []string{
		"Look at your whole skin once a month; asymmetry, uneven border, several colors, growth: show it.",
		"Ask whether a dermatologist should see you every year.",
		"Shade, clothes and sunscreen of SPF 30 or more; no tanning beds.",
	}},
	"cancer_other": {"Another cancer in the family", []string{
		"Tell your doctor which cancer it was, who had it and at what age.",
		"Ask whether screening or genetic counseling follows for you.",
		"Not smoking, little alcohol, activity and a healthy weight lower the risk of many cancers.",
	}},
}
