package analytics

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Format is how figures are written.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
	Parquet   Format = "parquet"
)

// ParseFormat reads a format.
func ParseFormat(text string) (Format, error) {
	switch format := Format(text); format {
	case CSV, JSONLines, Parquet:
		return format, nil
	}
	return "", errors.New("the format is none of csv, jsonl and parquet")
}

// Name is the format's for a reader.
func (f Format) Name() string {
	switch f {
	case JSONLines:
		return "JSON Lines"
	case Parquet:
		return "Parquet"
	}
	return "CSV"
}

// MediaType is the format's for HTTP.
func (f Format) MediaType() string {
	switch f {
	case JSONLines:
		return "application/jsonl"
	case Parquet:
		return "application/vnd.apache.parquet"
	}
	return "text/csv; charset=utf-8"
}

// Write writes rows.
func (f Format) Write(to io.Writer, rows []Row) (err error) {
	switch f {
	case JSONLines:
		err = writeLines(to, rows)
	case Parquet:
		err = writeParquet(to, rows)
	default:
		err = writeCSV(to, rows)
	}
	if err != nil {
		return fmt.Errorf("writing figures as %s: %w", f, err)
	}
	return nil
}

func writeCSV(to io.Writer, rows []Row) error {
	writer := csv.NewWriter(to)
	header := []string{"age_band", "sex", "smoking", "activity", "people", "mean_life_expectancy_age", "mean_assisted_years", "mean_care_cost", "mean_out_of_pocket"}
	if err := writer.Write(header); err != nil {
		return err
	}
	for _, row := range rows {
		line := []string{row.AgeBand, row.Sex, row.Smoking, row.Activity}
		for _, number := range []int64{row.People, row.MeanLifeExpectancyAge, row.MeanAssistedYears, row.MeanCareCost, row.MeanOutOfPocket} {
			line = append(line, strconv.FormatInt(number, 10))
		}
		if err := writer.Write(line); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}

func writeLines(to io.Writer, rows []Row) error {
	encoder := json.NewEncoder(to)
	for _, row := range rows {
		if err := encoder.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func writeParquet(to io.Writer, rows []Row) error {
	writer := parquet.NewGenericWriter[Row](to)
	if _, err := writer.Write(rows); err != nil {
		return err
	}
	return writer.Close()
}
