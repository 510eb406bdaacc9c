/** The one thing the pages themselves ask of the server: what it is, for the doctor page. */

/** @throws TypeError, DOMException: it does not answer. */
export async function doctorFetch(): Promise<{ turn: boolean }> {
  const answer = await fetch("/v1/server", {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(5000),
  });
  const said: unknown = await answer.json();
  return {
    turn: typeof said === "object" && said !== null && "turn" in said && said.turn === true,
  };
}
