/** How the app looks and rings is kept beside the profile: with it that goes as well. */
export function forgetChoices(): void {
  try {
    localStorage.clear();
    sessionStorage.clear();
  } catch {
    // Where nothing can be kept, nothing is.
  }
}
