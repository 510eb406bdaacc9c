/** English: passkeys. */

export const enPasskeys = {
  "passkey.signUp": "Make my account with a passkey",
  "passkey.signUpHelp":
    "You open it with your fingerprint, your face or the PIN of this device. Nothing to remember, and nothing that anybody could ask you for.",
  "passkey.signUpPassword": "Use a password instead",
  "passkey.signUpPasskey": "Use a passkey instead",
  "passkey.signIn": "Sign in with a passkey",
  "passkey.signInHelp": "No handle, no password, no other device needed.",
  "passkey.waiting": "Follow what your browser asks.",
  "passkey.use": "Use a passkey",
  "passkey.usePassword": "Use the password",
  "passkey.or": "Or with your handle",
  "passkey.address":
    "Passkeys need an address with a name, and this page was opened at a number. With a password everything works here; for passkeys, ask whoever runs the server for its name. On this computer that is localhost.",
  "passkey.browser":
    "This browser does not know passkeys, or holds them back on a page without encryption. With a password everything works.",
  "passkeys.title": "Passkeys",
  "passkeys.lead":
    "Each of them opens your account on any device that has it: your fingerprint, your face or a PIN in place of a password.",
  "passkeys.one": "Passkey {id}",
  "passkeys.date": "Added {created}",
  "passkeys.none": "There is none yet.",
  "passkeys.add": "Add a passkey",
  "passkeys.addTitle": "Add a passkey",
  "passkeys.addText": "First show that it is you. Then your browser asks where to keep it.",
  "passkeys.added": "Passkey {id} opens your account from now on.",
  "passkeys.remove": "Remove",
  "passkeys.removeTitle": "Remove passkey {id}?",
  "passkeys.removeText":
    "It opens your account no more, anywhere. Devices that are signed in stay signed in.",
  "passkeys.removed": "It opens nothing any more.",
  "passkeys.noPassword": "Your account has no password.",
  "passkeys.setPassword": "Set a password",
  "passkeys.setPasswordLead":
    "The command line needs one. Your passkeys and your recovery code stay as they are.",
  "passkeys.setPasswordSubmit": "Set it with a passkey",
  "error.passkey_refused":
    "This passkey does not open an account here; it may have been removed. Nothing was changed.",
  "error.passkey_cancelled": "No passkey was used, and nothing was changed.",
  "error.passkey_no_key":
    "What you chose keeps no encryption key, so it cannot open an account here. Nothing was made. Use a password, or keep the passkey somewhere else.",
  "error.passkey_exists": "A passkey of your account is kept there already.",
  "error.too_many_passkeys": "An account has 16 passkeys at most. Remove one first.",
  "error.last_way_in":
    "This is the only way into your account beside the recovery code. Add another passkey or set a password first.",
} as const;
