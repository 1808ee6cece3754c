package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// work does one thing and says how it went. Each worker has its own.
type work func(ctx context.Context) error

// kind is one kind of work that has its turns.
type kind struct {
	name    string
	workers []work
	times   []time.Duration // of each that was done
	spent   time.Duration
}

func (k *kind) rate() float64 { return float64(len(k.times)) / k.spent.Seconds() }

// quantile of the times; they are sorted.
func (k *kind) quantile(q float64) time.Duration {
	return k.times[min(int(q*float64(len(k.times))), len(k.times)-1)]
}

// turn lets all workers of a kind work for a while.
func (k *kind) turn(ctx context.Context, slice time.Duration) error {
	var group sync.WaitGroup
	var mutex sync.Mutex
	var failure error
	begin := time.Now()
	for _, do := range k.workers {
		group.Go(func() {
			var times []time.Duration
			for ctx.Err() == nil && time.Since(begin) < slice {
				start := time.Now()
				if err := do(ctx); err != nil {
					mutex.Lock()
					defer mutex.Unlock()
					failure = fmt.Errorf("%s: %w", k.name, err)
					return
				}
				times = append(times, time.Since(start))
			}
			mutex.Lock()
			defer mutex.Unlock()
			k.times = append(k.times, times...)
		})
	}
	group.Wait()
	k.spent += time.Since(begin)
	if failure == nil {
		failure = ctx.Err()
	}
	return failure
}

// throughput gives each kind of work its turns, one after another, so that what
// else the machine does bears on all alike.
func throughput(ctx context.Context, s site, rounds int, slice time.Duration, workers int) error {
	service, err := startService(ctx, s)
	if err != nil {
		return err
	}
	defer service.stop()
	if err := service.post(ctx, service.newClient(false)); err != nil {
		return err
	}
	kinds := []*kind{{name: "bare loop: the same rows, the same transaction"}, {name: "assessment: TLS, token, model, rows, commit"},
		{name: "whole visit: handshake, session, assessment"}}
	for range workers {
		insert, err := newBare(ctx, s)
		if err != nil {
			return err
		}
		kept, visitor := service.newClient(false), service.newClient(true)
		kinds[0].workers = append(kinds[0].workers, insert)
		kinds[1].workers = append(kinds[1].workers, func(ctx context.Context) error { return service.post(ctx, kept) })
		kinds[2].workers = append(kinds[2].workers, func(ctx context.Context) error { return service.visit(ctx, visitor) })
	}
	for round := range rounds + 1 {
		for _, k := range kinds {
			if err := k.turn(ctx, slice); err != nil {
				return err
			}
			if round == 0 { // the first is for caches and connections
				k.times, k.spent = nil, 0
			}
		}
	}
	printRates(kinds)
	return nil
}

func printRates(kinds []*kind) {
	fmt.Println("| | a second | of the bare loop | median | 99th of 100 |\n|---|---|---|---|---|")
	for _, k := range kinds {
		slices.Sort(k.times)
		fmt.Printf("| %s | %.0f | %.2f | %.1f ms | %.1f ms |\n", k.name, k.rate(), k.rate()/kinds[0].rate(),
			milliseconds(k.quantile(0.5)), milliseconds(k.quantile(0.99)))
	}
	fmt.Println()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
