package payment

import (
	"fmt"
	"strings"
)

// Currency is an ISO 4217 code. Amounts are whole minor units of it (KRW has no minor unit: 25000 is 25,000 won; USD has
// two digits: 2500 is 25.00). Nothing here ever is a float.
type Currency string

// MaxAmount bounds every amount, so that a sum of any number of legs a payment can have does not overflow.
const MaxAmount = 1_000_000_000_000

// ISO 4217 (list one of 2024-06), active currencies that money is paid in, by the digits of their minor unit.
const (
	noDigits = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "
	twoDigit = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF" +
		" CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR" +
		" ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN" +
		" MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS" +
		" SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG "
	threeDigit = " BHD IQD JOD KWD LYD OMR TND "
)

// Digits is how many digits the minor unit has; false when there is no such currency.
func (c Currency) Digits() (int, bool) {
	if len(c) != 3 || strings.ContainsRune(string(c), ' ') {
		return 0, false
	}
	word := " " + string(c) + " "
	for digits, list := range []string{0: noDigits, 2: twoDigit, 3: threeDigit} {
		if strings.Contains(list, word) {
			return digits, true
		}
	}
	return 0, false
}

// Money is an amount in minor units of a currency.
type Money struct {
	Amount   int64
	Currency Currency
}

// Valid says what is wrong with it as the price of something, or nil.
func (m Money) Valid() error {
	if _, known := m.Currency.Digits(); !known {
		return fmt.Errorf("currency %q is not an ISO 4217 code", m.Currency)
	}
	if m.Amount <= 0 || m.Amount > MaxAmount {
		return fmt.Errorf("amount %d must be from 1 to %d minor units", m.Amount, int64(MaxAmount))
	}
	return nil
}
