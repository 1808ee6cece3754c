package halo

// conditions is how many cardiometabolic conditions are asked: diabetes, heart
// disease and stroke. conditionSets is how many sets of them there are.
const conditions, conditionSets = 3, 1 << 3

// addConditions adds the factor for one set of answered conditions. Its levels
// are the subsets of the set: bit i is the set's i-th condition.
func (c *cohort) addConditions(t *tables, set int) {
	var asked []int // the conditions of the set
	for i := range conditions {
		if set&(1<<i) != 0 {
			asked = append(asked, i)
		}
	}
	table := t.factors["cardiometabolic"]
	f := c.newFactor(1 << len(asked))
	var moves []move
	for i := range c.years {
		if i == 0 || band(c.age+i) != band(c.age+i-1) {
			moves = t.moves(asked, c.sex, c.age, c.age+i)
		}
		for _, m := range moves {
			f.hazard[m.start][i] += m.chance * table.power[c.sex][m.combination][c.age-minAge+i]
			f.odds[m.start][i] += m.chance * table.odds[c.sex][m.combination]
		}
	}
	share := make([]float64, len(f.hazard))
	for level := range share {
		share[level] = 1
		for j, condition := range asked {
			p := t.conditions[condition][c.sex][band(c.age)]
			if level&(1<<j) == 0 {
				p = 1 - p
			}
			share[level] *= p
		}
	}
	c.normalise(factorConditions+set, f, share)
}

// move is the chance that someone who starts at a level of a set has one
// combination of all conditions later.
type move struct {
	start, combination int
	chance             float64
}

// moves lists the moves of a set from one age to another.
func (t *tables) moves(asked []int, sex, from, to int) []move {
	onset := make([]float64, len(asked))
	for j, condition := range asked {
		onset[j] = t.conditions[condition][sex].onset(from, to)
	}
	var moves []move
	for start := range 1 << len(asked) {
		for now := range 1 << len(asked) {
			if now&start != start {
				continue // what is present stays
			}
			if chance := transition(start, now, onset); chance > 0 {
				moves = append(moves, move{start, spread(now, asked), chance})
			}
		}
	}
	return moves
}

// transition is the chance that exactly the conditions in now, and not in
// start, have set in.
func transition(start, now int, onset []float64) float64 {
	chance := 1.0
	for j, q := range onset {
		switch {
		case start&(1<<j) != 0:
		case now&(1<<j) != 0:
			chance *= q
		default:
			chance *= 1 - q
		}
	}
	return chance
}

// spread turns a level of a set into the level of all three conditions.
func spread(level int, asked []int) int {
	combination := 0
	for j, condition := range asked {
		if level&(1<<j) != 0 {
			combination |= 1 << condition
		}
	}
	return combination
}
