// The seeded currencies. A row that is there is never overwritten: it belongs to whoever edits it.

import type { Db } from 'mongodb'
import type { Currency } from '../core/money.ts'
import { translateMongoErrors } from './mongo-errors.ts'

// Exponents as Stripe counts them (https://docs.stripe.com/currencies), not ISO 4217: isk and ugx have no minor
// unit any more, but Stripe's API stays at two decimals for them.
const codesByExponent: Readonly<Record<number, string>> = {
  0: `bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf`,
  2: `aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
    inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn
    nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd xcg yer zar zmw`,
  3: `bhd jod kwd omr tnd`,
}

// Signs that a reader takes for one currency only; the others are written with their code.
const symbols: Readonly<Record<string, string>> = {
  usd: '$',
  eur: '€',
  gbp: '£',
  jpy: '¥',
  aud: 'A$',
  cad: 'CA$',
  nzd: 'NZ$',
  hkd: 'HK$',
  sgd: 'S$',
  twd: 'NT$',
  mxn: 'MX$',
  brl: 'R$',
  cny: 'CN¥',
  inr: '₹',
  krw: '₩',
  ils: '₪',
  vnd: '₫',
  php: '₱',
  ngn: '₦',
  pln: 'zł',
  uah: '₴',
  try: '₺',
  kzt: '₸',
  thb: '฿',
  pyg: '₲',
  crc: '₡',
  gel: '₾',
  azn: '₼',
  mnt: '₮',
  lak: '₭',
  khr: '៛',
}

/** The currencies that Stripe charges in. */
export const seededCurrencies: readonly Currency[] = Object.entries(codesByExponent).flatMap(
  ([exponent, codes]) =>
    codes
      .trim()
      .split(/\s+/)
      .map((code) => ({
        code: code.toUpperCase(),
        symbol: symbols[code] ?? null,
        exponent: Number(exponent),
      })),
)

/** Adds the currencies that are missing. */
export const seedCurrencies = async (db: Db): Promise<void> => {
  const currencies = db.collection<Currency>('currency')
  await translateMongoErrors(async () => {
    const known = new Set(
      (await currencies.find({}, { projection: { code: 1 } }).toArray()).map(({ code }) => code),
    )
    const missing = seededCurrencies.filter(({ code }) => !known.has(code))
    if (missing.length === 0) return
    await currencies.bulkWrite(
      missing.map((currency) => ({
        updateOne: { filter: { code: currency.code }, update: { $setOnInsert: currency }, upsert: true },
      })),
      { ordered: false },
    )
  })
}
