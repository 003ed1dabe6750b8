// Files that people bring to a project.
import { answer, client } from "./client";

export const UPLOAD_KINDS = ".pdf,.docx,.md,.txt,.png,.jpg,.jpeg,.gif,.csv,.json,.yaml,.sql,.proto";

export const uploadFile = (project: string, file: File): Promise<unknown> =>
  answer(
    client.POST("/api/v1/projects/{project_id}/uploads", {
      params: { path: { project_id: project } },
      body: { file: "" },
      bodySerializer: () => {
        const form = new FormData();
        form.append("file", file);
        return form;
      },
    }),
  );
