package store

import (
	"context"
)

// figuresAtOnce is how many assessments are in memory at a time.
const figuresAtOnce = 200

// EachAssessment calls a function with the answers and the result of every
// assessment, in no order of time, until that fails. It gives neither a number
// nor a time: nothing that leads to a person. Some assessments that are stored
// meanwhile may be among them.
func (c *Console) EachAssessment(ctx context.Context, call func(input, result []byte) error) error {
	for after := int64(0); ; {
		some, err := c.assessmentsAfter(ctx, after)
		if err != nil {
			return err
		}
		for _, one := range some {
			if err := call(one.input, one.result); err != nil {
				return err
			}
			after = one.id
		}
		if len(some) < figuresAtOnce {
			return nil
		}
	}
}

// figured is what figures are made of; the number stays here.
type figured struct {
	id            int64
	input, result []byte
}

// assessmentsAfter reads the next assessments whole: a connection is not to be
// held up by arithmetic.
func (c *Console) assessmentsAfter(ctx context.Context, after int64) ([]figured, error) {
	const doing = "reading assessments"
	rows, err := c.db.QueryContext(ctx, `SELECT id, input, result FROM halo_assessment.assessment WHERE id > ? ORDER BY id LIMIT ?`, after, figuresAtOnce)
	if err != nil {
		return nil, failed(doing, err)
	}
	defer func() { _ = rows.Close() }()
	var some []figured
	for rows.Next() {
		var one figured
		if err := rows.Scan(&one.id, &one.input, &one.result); err != nil {
			return nil, failed(doing, err)
		}
		some = append(some, one)
	}
	return some, failed(doing, rows.Err())
}
