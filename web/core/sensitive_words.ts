/**
 * Words in a name or a note that say what somebody is called for, in the languages of the pages.
 *
 * A word counts if it begins or ends with one of these: languages put words together (a Zahnarzt is
 * an Arzt). They are compared as a search compares them, without case and accents (`fold`).
 *
 * Pure. Not for: deciding what is sensitive to somebody. It shows what a stranger would notice.
 */

import { fold } from "./call_search.ts";

export type Sensitive = "health" | "mind" | "law" | "money" | "faith" | "work";

/** As `fold` returns them. Four letters at least, so that names are not cut into words. */
const WORDS: Readonly<Record<Sensitive, readonly string[]>> = {
  mind: [
    ...["therapist", "therapy", "psychiatr", "psycholog", "counsel", "rehab", "addiction"],
    ...["therapeut", "therapie", "psychotherap", "suchtberatung", "beratungsstelle", "seelsorge"],
    ...["terapeuta", "terapia", "psiquiatra", "psicolog", "adiccion"],
  ],
  health: [
    ...["clinic", "hospital", "doctor", "dentist", "surgery", "oncolog", "midwife", "pharmacy"],
    ...["klinik", "arzt", "arztin", "praxis", "krankenhaus", "hebamme", "apotheke", "onkolog"],
    ...["clinica", "medico", "medica", "hospital", "farmacia", "matrona", "dentista"],
  ],
  law: [
    ...["lawyer", "attorney", "solicitor", "notary", "police", "court"],
    ...["anwalt", "anwaltin", "kanzlei", "notar", "notarin", "polizei", "gericht"],
    ...["abogado", "abogada", "notario", "notaria", "policia", "juzgado"],
  ],
  money: [
    ...["debt", "insolvency", "bailiff", "pawn"],
    ...["schuldnerberatung", "inkasso", "insolvenz", "gerichtsvollzieher"],
    ...["deudas", "insolvencia", "cobros"],
  ],
  faith: [
    ...["church", "parish", "mosque", "imam", "rabbi", "synagogue", "pastor", "priest"],
    ...["kirche", "pfarrer", "pfarrerin", "pfarramt", "moschee", "synagoge"],
    ...["iglesia", "parroquia", "mezquita", "sinagoga", "sacerdote"],
  ],
  work: [
    ...["recruiter", "headhunter", "union", "jobcentre", "jobcenter"],
    ...["gewerkschaft", "betriebsrat", "arbeitsamt"],
    ...["sindicato", "reclutador", "reclutadora"],
  ],
};

const KINDS = Object.keys(WORDS) as readonly Sensitive[];
/** Too common as the end of other words and names. */
const WHOLE: ReadonlySet<string> = new Set(["imam", "union", "pawn", "debt", "court", "pastor"]);

/** Return the first word of a text that says what it is about, as it stands there; or undefined. */
export function sensitiveWord(
  text: string,
): Readonly<{ about: Sensitive; word: string }> | undefined {
  for (const word of text.split(/[^\p{L}\p{M}]+/u)) {
    const folded = fold(word);
    const about = KINDS.find((kind) => WORDS[kind].some((one) => isIn(folded, one)));
    if (about !== undefined) return { about, word };
  }
  return undefined;
}

function isIn(word: string, one: string): boolean {
  return WHOLE.has(one) ? word === one : word.startsWith(one) || word.endsWith(one);
}
