import { Children, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import rehypeSanitize from "rehype-sanitize";
import remarkGfm from "remark-gfm";
import { anchorOf, splitRequirements } from "@/lib/anchors";

function plain(children: ReactNode): string {
  return Children.toArray(children)
    .map((child) => (typeof child === "string" || typeof child === "number" ? String(child) : ""))
    .join("");
}

/** Names of requirements become links to where they stand. */
function linked(children: ReactNode, link: ((id: string) => string) | undefined): ReactNode {
  if (link === undefined) return children;
  return Children.map(children, (child) =>
    typeof child !== "string"
      ? child
      : splitRequirements(child).map((piece, index) =>
          piece.isRequirement ? (
            <a key={index} href={link(piece.text)}>
              {piece.text}
            </a>
          ) : (
            piece.text
          ),
        ),
  );
}

function components(link: ((id: string) => string) | undefined): Components {
  return {
    h1: ({ children }) => <h2 id={anchorOf(plain(children))}>{children}</h2>,
    h2: ({ children }) => <h2 id={anchorOf(plain(children))}>{children}</h2>,
    h3: ({ children }) => <h3 id={anchorOf(plain(children))}>{children}</h3>,
    h4: ({ children }) => <h4 id={anchorOf(plain(children))}>{children}</h4>,
    p: ({ children }) => <p>{linked(children, link)}</p>,
    li: ({ children }) => <li>{linked(children, link)}</li>,
    td: ({ children }) => <td>{linked(children, link)}</td>,
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
      <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="table">
        <table>{children}</table>
      </div>
    ),
    pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
  };
}

export default function Rendered({ text, requirementLink }: { text: string; requirementLink?: (id: string) => string }) {
  return (
    <div className="document">
      <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={[rehypeSanitize]} components={components(requirementLink)}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
