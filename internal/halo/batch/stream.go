package batch

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// portionBytes is how much input makes a portion, the unit that a worker takes:
// large enough that handing it over costs nothing, small enough that its results,
// ten times as much, are still near the core when they are written.
const portionBytes = 8 << 10

// Options say how a stream is computed.
type Options struct {
	Year    int // the valuation year of answers that name none
	View    View
	Workers int // how many portions are computed at once; at least 1
	// Progress, when set, counts the lines while they are written.
	Progress *Progress
}

// Progress counts what has been written. Any goroutine may read it.
type Progress struct{ lines, invalid atomic.Int64 }

// Lines is how many results have been written, Invalid how many of them are
// errors.
func (p *Progress) Lines() int64 { return p.lines.Load() }

// Invalid is how many of the results are errors.
func (p *Progress) Invalid() int64 { return p.invalid.Load() }

// portion is some whole lines on their way through the stream.
type portion struct {
	input          []byte
	ends           []int // where each line ends in input
	long           []bool
	output         []byte
	lines, invalid int64
	done           chan struct{} // receives once when output is complete
}

// Stream reads documents from in, one a line, and writes their results to out,
// one a line and in order: every line has a result, an empty one too. When ctx
// ends it stops after a whole line and returns ctx's error; a Read of in that
// blocks then is left behind until it returns. Options.Progress tells how far
// it came.
func Stream(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &stream{
		options: o,
		todo:    make(chan *portion, o.Workers),
		ordered: make(chan *portion, 3*o.Workers),
		free:    make(chan *portion, 4*o.Workers+1),
	}
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(s.work)
	}
	var readErr error
	go func() {
		readErr = s.read(ctx, in)
		close(s.todo)
		close(s.ordered)
	}()
	err := s.write(ctx, out)
	if err != nil {
		return err // the workers end with the reader, at the latest when in does
	}
	workers.Wait()
	return readErr
}

type stream struct {
	options       Options
	todo, ordered chan *portion
	free          chan *portion // portions to be used again
}

// work computes portions until there are no more.
func (s *stream) work() {
	for p := range s.todo {
		start := 0
		for i, end := range p.ends {
			valid := false
			if p.long[i] {
				p.output = tooLong(p.output)
			} else {
				p.output, valid = Line(p.output, p.input[start:end], s.options.Year, s.options.View)
			}
			p.output = append(p.output, '\n')
			start = end
			p.lines++
			if !valid {
				p.invalid++
			}
		}
		p.done <- struct{}{}
	}
}

// write writes the portions in order.
func (s *stream) write(ctx context.Context, out io.Writer) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p, more := <-s.ordered:
			if !more {
				return nil
			}
			<-p.done
			if _, err := out.Write(p.output); err != nil {
				return fmt.Errorf("writing results: %w", err)
			}
			s.options.Progress.lines.Add(p.lines)
			s.options.Progress.invalid.Add(p.invalid)
			s.recycle(p)
		}
	}
}

func (s *stream) recycle(p *portion) {
	select {
	case s.free <- p:
	default:
	}
}

// portion returns an empty portion.
func (s *stream) portion() *portion {
	select {
	case p := <-s.free:
		p.input, p.ends, p.long, p.output = p.input[:0], p.ends[:0], p.long[:0], p.output[:0]
		p.lines, p.invalid = 0, 0
		return p
	default:
		return &portion{done: make(chan struct{}, 1)}
	}
}

// read cuts the input into portions. A portion ends when it is full, or when
// nothing more can be read at once, so that a slow writer gets its results.
func (s *stream) read(ctx context.Context, in io.Reader) error {
	r := bufio.NewReaderSize(in, portionBytes)
	p := s.portion()
	for {
		err := p.add(r)
		if len(p.ends) > 0 && (err != nil || len(p.input) >= portionBytes || r.Buffered() == 0) {
			select {
			case s.ordered <- p:
			case <-ctx.Done():
				return ctx.Err()
			}
			s.todo <- p
			p = s.portion()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading answers: %w", err)
		}
	}
}

// add reads one line. Of one that is too long it keeps nothing.
func (p *portion) add(r *bufio.Reader) error {
	start := len(p.input)
	long := false
	for {
		piece, err := r.ReadSlice('\n')
		long = long || len(p.input)-start+len(piece) > MaxLine+1 // the line break is no part of the line
		if long {
			p.input = p.input[:start]
		} else {
			p.input = append(p.input, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(p.input) == start && !long:
			return err // no line was begun
		default:
			p.input = bytes.TrimSuffix(p.input, []byte("\n"))
			p.ends = append(p.ends, len(p.input))
			p.long = append(p.long, long)
			return err
		}
	}
}
