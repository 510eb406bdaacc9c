/** A question or a panel above the screen: from below on a phone, in the middle on a wide one. */

import type { ReactNode } from "react";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { say } from "../i18n/text.ts";
import { IconBtn } from "./parts.tsx";

export function Sheet(props: {
  title: ReactNode;
  children: ReactNode;
  onClose: () => void;
  alarm?: boolean;
}) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={!props.alarm}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      className="veil"
    >
      <Modal className="sheet">
        <Dialog className="sheet-body" role={props.alarm ? "alertdialog" : "dialog"}>
          <div className="sheet-head">
            <Heading slot="title" className="sheet-title">
              {props.title}
            </Heading>
            <IconBtn label={say("do.close")} icon="close" onPress={props.onClose} />
          </div>
          {props.children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Are you sure? */
export function Ask(props: {
  title: ReactNode;
  text: ReactNode;
  yes: ReactNode;
  onClose: () => void;
}) {
  return (
    <Sheet title={props.title} onClose={props.onClose} alarm>
      <p className="soft">{props.text}</p>
      <div className="actions">{props.yes}</div>
    </Sheet>
  );
}
