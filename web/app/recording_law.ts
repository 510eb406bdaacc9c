/**
 * What the law of some places says of somebody who records a call that they are in. Facts for
 * people to read, each with its source and the day on which it was read; no advice.
 *
 * Nothing in this product is decided by it: everywhere, everybody is asked, and only
 * `screens/recording_law.tsx` reads it (`tests/app/recording_law.test.ts`).
 */

/**
 * "all": everybody has to agree; "told": everybody has to know; "one": who is in the call may record
 * it; "firms": the same, but firms and other organisations have to say so or ask; "mixed": it depends;
 * "telephone": one may, but the law is about telephones only.
 */
export type Rule = "all" | "told" | "one" | "firms" | "mixed" | "telephone";

export type LawRow = Readonly<{
  /** ISO 3166: a country, or a part of one. */
  place: string;
  rule: Rule;
  /** The law, or the decision. */
  cite: string;
  /** Where it was read; lists and commentaries, not the laws themselves, unless it says so. */
  source: string;
  /** When, as an ISO month. */
  read: string;
  /** "contested": sources disagree, or laws contradict each other; "partial": read in one place only. */
  standing: "clear" | "contested" | "partial";
}>;

const READ = "2026-11";
const row = (
  place: string,
  rule: Rule,
  cite: string,
  source: string,
  standing: LawRow["standing"] = "clear",
): LawRow => ({ place, rule, cite, source, read: READ, standing });

const PHONE_LIST = "recordphonecall.com";
const LAW_LIST = "recordinglaw.com";
const BOTH_LISTS = `${PHONE_LIST}, ${LAW_LIST}`;

export const LAW: readonly LawRow[] = [
  row("DE", "all", "§ 201 StGB", "StGB"),
  row("FR", "all", "Code pénal 226-1", "Code pénal", "partial"),
  row("CH", "all", "Art. 179ter StGB", "Bundesblatt", "partial"),
  row(
    "GB",
    "firms",
    "RIPA 2000, IPA 2016, LBP Regulations 2000",
    "cms-lawnow.com, lindacjturner.com",
  ),
  row(
    "IE",
    "telephone",
    "Postal Packets and Telecommunications Messages Act 1993",
    "kentcarty.com",
  ),
  row("ES", "one", "Código Penal 197", "lindacjturner.com"),
  row("NL", "one", "Art. 139a Sr", LAW_LIST),
  row("IT", "one", "", LAW_LIST),
  row("SE", "one", "", LAW_LIST),
  row("NO", "one", "", LAW_LIST),
  row("FI", "one", "", LAW_LIST),
  row("DK", "firms", "Datatilsynet, 2019-04-11", LAW_LIST),
  row("CA", "firms", "Criminal Code 183-184, PIPEDA", "theinfolist.com"),
  row("PH", "all", "RA 4200", LAW_LIST),
  row("AU-NSW", "all", "Surveillance Devices Act 2007", "mondaq.com, ALRC"),
  row("AU-ACT", "mixed", "Listening Devices Act 1992", "ALRC"),
  row("AU-VIC", "one", "Surveillance Devices Act 1999", "ALRC"),
  row("AU-QLD", "one", "Invasion of Privacy Act 1971", "ALRC"),
  row("AU-NT", "one", "Surveillance Devices Act 2007", "ALRC"),
  row("US", "one", "18 U.S.C. 2511(2)(d)", PHONE_LIST),
  row("US-REST", "one", "", PHONE_LIST),
  row("US-CA", "all", "Penal Code 632", "rcfp.org"),
  row("US-FL", "all", "Fla. Stat. 934.03", PHONE_LIST),
  row("US-IL", "all", "720 ILCS 5/14-2", PHONE_LIST),
  row("US-MD", "all", "Md. CJP 10-402", PHONE_LIST),
  row("US-MA", "all", "M.G.L. c. 272 § 99", PHONE_LIST),
  row("US-PA", "all", "", BOTH_LISTS),
  row("US-WA", "all", "", BOTH_LISTS),
  row("US-NH", "all", "", BOTH_LISTS),
  row("US-MT", "told", "", LAW_LIST),
  row("US-CT", "mixed", "Conn. Gen. Stat. 52-570d, 53a-189", BOTH_LISTS, "contested"),
  row("US-OR", "mixed", "ORS 165.540", BOTH_LISTS),
  row("US-DE", "mixed", "", BOTH_LISTS, "contested"),
  row("US-MI", "mixed", "MCL 750.539c, Sullivan v. Gray", BOTH_LISTS, "contested"),
  row("US-NV", "mixed", "", BOTH_LISTS, "contested"),
  row("US-NE", "mixed", "", BOTH_LISTS, "contested"),
  row("US-VT", "mixed", "State v. Geraw", BOTH_LISTS, "contested"),
];
