package report

import "halo.dev/halo/internal/report/draw"

// column of a table. The first column is words and stands at the left, all others are figures and end at the right.
type column struct {
	title string
	width float64
}

// table draws rows over the whole width, with a header that is repeated when the table goes on on another page. Rows in
// strong stand out.
func (s *sheet) table(columns []column, rows [][]string, strong ...int) {
	const rowHeight = 18.0
	s.need(22 + rowHeight*2)
	s.tableHead(columns)
	for i, row := range rows {
		if s.y+rowHeight > bottom {
			s.need(bottom)
			s.tableHead(columns)
		}
		style := s.styles.body
		for _, one := range strong {
			if one == i {
				style = s.styles.bold
				s.Fill(draw.Box{X: left, Y: s.y, W: width, H: rowHeight}, 0, s.colors.Wash)
			}
		}
		s.row(columns, row, s.y+12.5, style)
		s.y += rowHeight
		s.Line(draw.Point{X: left, Y: s.y}, draw.Point{X: right, Y: s.y}, 0.4, s.colors.Rule)
	}
	s.y += 12
}

func (s *sheet) tableHead(columns []column) {
	titles := make([]string, len(columns))
	for i, one := range columns {
		titles[i] = one.title
	}
	s.row(columns, titles, s.y+9, s.styles.smallBold.In(s.colors.Muted))
	s.y += 15
	s.Line(draw.Point{X: left, Y: s.y}, draw.Point{X: right, Y: s.y}, 0.9, s.colors.Strong)
}

func (s *sheet) row(columns []column, cells []string, baseline float64, style draw.Style) {
	const pad = 6.0
	x := left
	for i, cell := range cells {
		room := columns[i].width
		if i == 0 {
			s.Text(x+pad, baseline, s.Fit(cell, style, room-pad), style)
		} else {
			s.TextRight(x+room-pad, baseline, s.Fit(cell, style, room-pad), style)
		}
		x += room
	}
}
