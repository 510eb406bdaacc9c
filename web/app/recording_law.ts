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
  /**
   * Where it was read: lists and commentaries; the laws themselves where their collection is named
   * (austlii.edu.au, justia.com, wa-law.org).
   */
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
  read = READ,
): LawRow => ({ place, rule, cite, source, read, standing });

/** The same, read later. */
const READ_LATER = "2026-12";
const later = (...[place, rule, cite, source, standing]: Parameters<typeof row>) =>
  row(place, rule, cite, source, standing, READ_LATER);

const PHONE_LIST = "recordphonecall.com";
const LAW_LIST = "recordinglaw.com";
const BOTH_LISTS = `${PHONE_LIST}, ${LAW_LIST}`;
/** Has the text of Australian laws, as in force unless another day is named. */
const AUSTLII = "austlii.edu.au";
/** Comments on them. */
const WORKING = "workingwiththelaw.net";
/** The guide of the Reporters Committee for Freedom of the Press. */
const RCFP = "rcfp.org";
/** A list with the words of some of the laws. */
const EXPERTS = "expert-opinion.com";

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
  // Where all have to agree, each of these laws excepts who has to protect lawful interests of their own.
  later("AU-NSW", "all", "Surveillance Devices Act 2007, s 7", `${AUSTLII}, mondaq.com`),
  later("AU-SA", "all", "Surveillance Devices Act 2016, s 4", `${AUSTLII}, lawhandbook.sa.gov.au`),
  later("AU-WA", "all", "Surveillance Devices Act 1998, s 5", `${AUSTLII}, ${WORKING}`),
  later("AU-TAS", "all", "Listening Devices Act 1991, s 5", `${AUSTLII}, ${WORKING}`),
  later("AU-ACT", "mixed", "Listening Devices Act 1992, s 4", `${AUSTLII} (1992), ${WORKING}`),
  later("AU-VIC", "one", "Surveillance Devices Act 1999, s 6", `${WORKING}, zoelaw.ai`),
  later("AU-QLD", "one", "Invasion of Privacy Act 1971, s 43", `${AUSTLII}, ${WORKING}`),
  later("AU-NT", "one", "Surveillance Devices Act 2007, s 11", `${AUSTLII}, ${WORKING}`),
  row("US", "one", "18 U.S.C. 2511(2)(d)", PHONE_LIST),
  row("US-REST", "one", "", PHONE_LIST),
  later("US-CA", "all", "Penal Code 632", `${RCFP}, ${EXPERTS}`),
  row("US-FL", "all", "Fla. Stat. 934.03", PHONE_LIST, "partial"),
  row("US-IL", "all", "720 ILCS 5/14-2", PHONE_LIST, "partial"),
  row("US-MD", "all", "Md. CJP 10-402", PHONE_LIST, "partial"),
  row("US-MA", "all", "M.G.L. c. 272 § 99", PHONE_LIST, "partial"),
  later("US-PA", "all", "18 Pa.C.S. 5703", "dmlp.org, duq.edu"),
  later("US-WA", "all", "RCW 9.73.030", "wa-law.org, blanfordlaw.com"),
  later("US-NH", "all", "RSA 570-A:2", "justia.com, nhpublaw.org"),
  later("US-MT", "told", "Mont. Code 45-8-213", `${RCFP}, rmcattorneys.com`),
  later(
    "US-CT",
    "mixed",
    "Conn. Gen. Stat. 52-570d, 53a-189",
    `${BOTH_LISTS}, ${EXPERTS}`,
    "contested",
  ),
  later("US-OR", "mixed", "ORS 165.540", `${BOTH_LISTS}, ${RCFP}`),
  later("US-DE", "mixed", "11 Del. C. 1335, 2402", `${BOTH_LISTS}, ${RCFP}`, "contested"),
  row("US-MI", "mixed", "MCL 750.539c, Sullivan v. Gray", BOTH_LISTS, "contested"),
  later(
    "US-NV",
    "mixed",
    "NRS 200.620, 200.650, Lane v. Allstate",
    `${BOTH_LISTS}, ${RCFP}`,
    "contested",
  ),
  later("US-NE", "mixed", "Neb. Rev. Stat. 86-290", `${BOTH_LISTS}, ${RCFP}`, "contested"),
  row("US-VT", "mixed", "State v. Geraw", BOTH_LISTS, "contested"),
];
