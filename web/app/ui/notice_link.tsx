/**
 * The server's privacy notice, before anything is given. In a tab of its own, so that nothing
 * that was typed is lost; the server makes the page, so it is true of this server.
 */

import { say, useLanguage } from "../i18n/text.ts";

export function NoticeLink() {
  const language = useLanguage();
  return (
    <p className="notice-link">
      <a
        href={`/privacy/${language}`}
        target="_blank"
        rel="noopener noreferrer"
        hrefLang={language}
      >
        {say("privacy.notice")}
      </a>
    </p>
  );
}
