import dagre from "@dagrejs/dagre";
import { Background, Controls, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useMemo } from "react";
import { hasGate, type Pipeline, type PipelineStage } from "@/api/pipelines";
import { words } from "@/lib/format";
import { useNarrow } from "@/lib/use-narrow";
import { t } from "@/text/en";

const WIDTH_PX = 190;
const HEIGHT_PX = 76;
/** About as wide as the graph is on a large screen; what it is fitted into. */
const PAGE_PX = 900;
const FRAME_PX = 72;
const HEIGHT_MIN_PX = 170;
const ZOOM_MAX = 1.1;

type StageNode = Node<{ stage: PipelineStage; gate: boolean }, "stage">;

function layOut(pipeline: Pipeline): { nodes: StageNode[]; edges: Edge[]; height: number } {
  const graph = new dagre.graphlib.Graph().setGraph({ rankdir: "LR", ranksep: 60, nodesep: 28 }).setDefaultEdgeLabel(() => ({}));
  for (const stage of pipeline.stages) graph.setNode(stage.id, { width: WIDTH_PX, height: HEIGHT_PX });
  const edges = pipeline.stages.flatMap((stage) => stage.needs.map((need) => ({ id: `${need}-${stage.id}`, source: need, target: stage.id })));
  for (const edge of edges) graph.setEdge(edge.source, edge.target);
  dagre.layout(graph);
  const nodes = pipeline.stages.map((stage): StageNode => {
    const place = graph.node(stage.id);
    return { id: stage.id, type: "stage", data: { stage, gate: hasGate(stage) }, position: { x: place.x - WIDTH_PX / 2, y: place.y - HEIGHT_PX / 2 } };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { nodes, edges, height: Math.round(height * Math.min(ZOOM_MAX, PAGE_PX / Math.max(width, 1))) + FRAME_PX };
}

function StageBox({ data: { stage, gate } }: NodeProps<StageNode>) {
  return (
    <div className="flex h-[76px] w-[190px] flex-col justify-center rounded-md border border-edge/60 bg-surface px-3.5">
      <Handle type="target" position={Position.Left} className="size-1.5! min-w-0! border-0! bg-edge!" isConnectable={false} />
      <span className="truncate font-medium">{t.stage[stage.id] ?? words(stage.id)}</span>
      <span className="truncate text-sm text-muted">{stage.agent == null ? t.pipelinePage.byRule : (t.agent[stage.agent] ?? words(stage.agent))}</span>
      {gate && <span className="text-xs font-medium text-clay">◆ {t.pipelinePage.gate}</span>}
      <Handle type="source" position={Position.Right} className="size-1.5! min-w-0! border-0! bg-edge!" isConnectable={false} />
    </div>
  );
}

const NODE_TYPES = { stage: StageBox };

/** The stages and what needs what, as a graph. For reading: the list below it says the same. */
export default function PipelineGraph({ pipeline }: { pipeline: Pipeline }) {
  const narrow = useNarrow();
  const { nodes, edges, height } = useMemo(() => layOut(pipeline), [pipeline]);
  // On a phone its words would be too small to read.
  if (narrow) return null;
  return (
    <div className="overflow-clip rounded-lg border border-line bg-sunken/50" style={{ height: Math.max(height, HEIGHT_MIN_PX) }} role="group" aria-label={t.pipelinePage.graph}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: ZOOM_MAX }}
        minZoom={0.2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={28} color="var(--line)" />
        <Controls showInteractive={false} className="border border-line bg-surface [&_button]:grid [&_button]:size-8 [&_button]:place-items-center [&_button]:fill-ink [&_svg]:size-3.5" />
      </ReactFlow>
    </div>
  );
}
