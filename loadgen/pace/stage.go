package pace

import (
	"fmt"
	"math"
	"time"
)

// Shape is how the rate goes in a stage.
type Shape string

// The shapes. Low and high are the stage's From and To:
//
//	Line      ___/    from From to To; a constant rate is a line whose ends are equal
//	Step      __--    Steps equal parts, the first at From, the last at To
//	Spike     __/‾\__ Rise from From to To, Hold there, Fall back; what is left of the duration lies half before, half after
//	Sine      ∿       around the middle between From (lowest) and To (highest), beginning there upwards, once a Period
const (
	Line  Shape = ""
	Step  Shape = "step"
	Spike Shape = "spike"
	Sine  Shape = "sine"
)

// Stage is a stretch of the run. Rates are arrivals a second; in a closed model it has users instead, and no rate.
type Stage struct {
	Name      string        `json:"name"`
	Shape     Shape         `json:"shape,omitempty"`
	From      float64       `json:"from_per_s"`
	To        float64       `json:"to_per_s"`
	Duration  time.Duration `json:"duration_ns"`
	Steps     int           `json:"steps,omitempty"`   // Step
	Rise      time.Duration `json:"rise_ns,omitempty"` // Spike, like the next two
	Hold      time.Duration `json:"hold_ns,omitempty"`
	Fall      time.Duration `json:"fall_ns,omitempty"`
	Period    time.Duration `json:"period_ns,omitempty"` // Sine
	Poisson   bool          `json:"poisson,omitempty"`   // exponential gaps instead of even ones
	UsersFrom int           `json:"users_from,omitempty"`
	UsersTo   int           `json:"users_to,omitempty"`
}

// maxSteps bounds the parts of one stage.
const maxSteps = 1_000

// Check says what is wrong with the stage, "" when it can be planned.
func (s Stage) Check() string {
	switch {
	case s.Duration <= 0:
		return "needs a duration above 0"
	case s.From < 0 || s.To < 0 || math.IsNaN(s.From+s.To) || math.IsInf(s.From+s.To, 0):
		return "needs rates of 0 or more"
	case s.UsersFrom < 0 || s.UsersTo < 0:
		return "needs users of 0 or more"
	case s.Shape == Step && (s.Steps < 2 || s.Steps > maxSteps):
		return fmt.Sprintf("needs from 2 to %d steps", maxSteps)
	case s.Shape == Spike && (s.Rise < 0 || s.Hold < 0 || s.Fall < 0 || s.Rise+s.Hold+s.Fall > s.Duration):
		return "is shorter than its spike: rise + hold + fall"
	case s.Shape == Sine && (s.Period <= 0 || s.From > s.To):
		return "needs a period above 0 and an amplitude of 0 or more"
	}
	switch s.Shape {
	case Line, Step, Spike, Sine:
		return ""
	}
	return fmt.Sprintf("has a shape %q that nobody knows", s.Shape)
}

// Peak is the highest rate of the stage.
func (s Stage) Peak() float64 { return max(s.From, s.To) }

// Scaled is the stage with every rate this many times as high.
func (s Stage) Scaled(by float64) Stage {
	s.From *= by
	s.To *= by
	return s
}

// Stretched is the stage this many times as long, with everything in it.
func (s Stage) Stretched(by float64) Stage {
	for _, d := range []*time.Duration{&s.Duration, &s.Rise, &s.Hold, &s.Fall, &s.Period} {
		*d = time.Duration(float64(*d) * by)
	}
	s.Duration = max(s.Duration, s.Rise+s.Hold+s.Fall) // which rounding may have cut by some ns
	return s
}

// piece is a part of a stage with one curve.
type piece struct {
	curve
	length time.Duration
	stage  int
	start  time.Duration // from the plan's start
	before float64       // the area of its group before it
}

// pieces cuts the stage into curves.
func (s Stage) pieces() []piece {
	flat := func(from, to float64, length time.Duration) piece {
		return piece{curve: line{from, to, length.Seconds()}, length: length}
	}
	switch s.Shape {
	case Step:
		parts, begun := make([]piece, 0, s.Steps), time.Duration(0)
		for i := range s.Steps {
			rate := s.From + (s.To-s.From)*float64(i)/float64(s.Steps-1)
			end := s.Duration / time.Duration(s.Steps) * time.Duration(i+1)
			if i == s.Steps-1 {
				end = s.Duration
			}
			parts = append(parts, flat(rate, rate, end-begun))
			begun = end
		}
		return parts
	case Spike:
		rest := s.Duration - s.Rise - s.Hold - s.Fall
		return []piece{
			flat(s.From, s.From, rest/2), flat(s.From, s.To, s.Rise), flat(s.To, s.To, s.Hold),
			flat(s.To, s.From, s.Fall), flat(s.From, s.From, rest-rest/2),
		}
	case Sine:
		wave := sine{mean: (s.From + s.To) / 2, amplitude: (s.To - s.From) / 2, period: s.Period.Seconds()}
		return []piece{{curve: wave, length: s.Duration}}
	}
	return []piece{flat(s.From, s.To, s.Duration)}
}
