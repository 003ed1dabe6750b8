import { Link } from "@tanstack/react-router";
import { Children, type ComponentType, isValidElement, memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import { anchorOf, splitRequirements } from "@/lib/anchors";
import { keepFields } from "@/lib/lines";
import { t } from "@/text/en";
import type { BelowHeading, MarkdownProps } from "./markdown";

/** The words of a heading, also those in code or set apart. */
function plain(children: ReactNode): string {
  return Children.toArray(children)
    .map((child) => {
      if (typeof child === "string" || typeof child === "number") return String(child);
      return isValidElement<{ children?: ReactNode }>(child) ? plain(child.props.children) : "";
    })
    .join("");
}

type RequirementLink = MarkdownProps["requirementLink"];

/** Names of requirements become links to where they stand. */
function linked(children: ReactNode, link: RequirementLink): ReactNode {
  if (link === undefined) return children;
  return Children.map(children, (child) =>
    typeof child !== "string"
      ? child
      : splitRequirements(child).map((piece, index) => (piece.isRequirement ? <Inside key={index} href={link(piece.text)}>{piece.text}</Inside> : piece.text)),
  );
}

/** A link to one of our own pages goes there without loading everything again. */
function Inside({ href, children }: { href: string; children: ReactNode }) {
  const [to, hash] = href.split("#");
  if (to === undefined || to === "") return <a href={href}>{children}</a>;
  return (
    <Link to={to} {...(hash === undefined ? {} : { hash })}>
      {children}
    </Link>
  );
}

function components(link: RequirementLink, Below: ComponentType<BelowHeading> | undefined): Components {
  const heading = (Tag: "h2" | "h3" | "h4") =>
    function Heading({ children }: { children?: ReactNode }) {
      const words = plain(children);
      return (
        <>
          <Tag id={anchorOf(words)} dir="auto">{children}</Tag>
          {Below !== undefined && <Below heading={words} anchor={anchorOf(words)} />}
        </>
      );
    };
  return {
    h1: heading("h2"),
    h2: heading("h2"),
    h3: heading("h3"),
    h4: heading("h4"),
    p: ({ children }) => <p dir="auto">{linked(children, link)}</p>,
    li: ({ children }) => <li dir="auto">{linked(children, link)}</li>,
    td: ({ children }) => <td dir="auto">{linked(children, link)}</td>,
    a: ({ href, children }) => {
      const isOutside = /^https?:/.test(href ?? "");
      return (
        <a href={href} {...(isOutside ? { target: "_blank", rel: "noopener noreferrer" } : {})}>
          {children}
        </a>
      );
    },
    // Nothing is fetched from elsewhere because a text asks for it.
    img: ({ alt }) => <em>{alt}</em>,
    table: ({ children }) => (
      // Wide tables scroll by themselves, by keyboard too.
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={t.document.table}>
        <table>{children}</table>
      </div>
    ),
    pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  };
}

/** Set once for a text: what happens around it does not have it set again, and what is typed below a heading stays. */
const Rendered = memo(
  function Rendered({ text, requirementLink, below }: MarkdownProps) {
    return (
      <div className="document">
        <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={[rehypeSanitize]} components={components(requirementLink, below)}>
          {keepFields(text)}
        </ReactMarkdown>
      </div>
    );
  },
  (before, after) => before.text === after.text && before.below === after.below && before.requirementLink?.("FR-1") === after.requirementLink?.("FR-1"),
);

export default Rendered;
