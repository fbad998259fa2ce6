/**
 * @file What an architecture declares. A new one is one file with one `Architecture` and one line in index.ts; reading,
 * checking, evaluating, training, quantizing and exporting its checkpoints follow from that alone.
 */
import type { AttentionOptions, Graph, Value } from "../../graph/index.ts";
import type { JsonFields } from "../jsonFields.ts";

/** What every decoder's config.json says, under whatever names. Sizes in elements, positions in tokens. */
export interface ModelConfig {
  /** The name in `architectures`, which finds the declaration again. */
  readonly architecture: string;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** Longest context the model was made for; a hard limit only where positions are a learned table. */
  readonly maxPositionEmbeddings: number;
  readonly tieWordEmbeddings: boolean;
  readonly bosTokenId: number | null;
  /** Some models have several. */
  readonly eosTokenId: number | readonly number[] | null;
  /** The dtype the weights were published in, as written; null when the file does not say. */
  readonly dtype: string | null;
}

/** One tensor of a model, as it is kept in memory. */
export interface TensorSpec {
  /** Its name in a checkpoint of the whole model. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Another name under which checkpoints store it. */
  readonly alias?: string;
  /** Set on the weight [outputs, inputs] of a linear layer of block `layer`: the default scope of quantization. */
  readonly linear?: { readonly layer: number; readonly kind: string };
  /** The file stores the transpose, [inputs, outputs], as GPT-2's Conv1D does. Loading and export transpose. */
  readonly transposed?: boolean;
}

/** Set where the graph is of one more token a sequence; `attention` then has what was kept of those before. */
export interface DecodingStep {
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** int64 [1]: how many tokens came before, in every sequence. */
  readonly position: Value;
}

/** What the graph of a model is built from. */
export interface ModelGraph {
  readonly graph: Graph;
  /** int64 [batch·time], windows one after another. */
  readonly tokens: Value;
  readonly batch: number;
  /** The graph value of a tensor, shaped as its TensorSpec says. */
  weight(name: string): Value;
  /**
   * Given the input [batch·time, inputs] of the linear layer with weight tensor `name`, returns what the layer
   * multiplies: for fake quantization of activations, or to look at them. The identity when absent.
   */
  linearInput?(name: string, x: Value): Value;
  /** Whether `linearInput` is told of the head too. */
  readonly linearHead?: boolean;
  /** The same for what a block's key–value cache holds: [batch, heads, time, headDim], keys after the rotation. */
  cached?(layer: number, part: "key" | "value", x: Value): Value;
  /** Given what the linear layer with weight tensor `name` puts out [batch·time, outputs], returns what goes on. */
  linearOutput?(name: string, y: Value): Value;
  /** Given the hidden states [batch·time, hidden] after block `layer`, returns what goes on. */
  block?(layer: number, hidden: Value): Value;
  /** Attention of block `layer` over queries grouped by key head, see `causalAttention`; `causalAttention` itself when absent. */
  attention?(layer: number, qkv: readonly [Value, Value, Value], options: AttentionOptions): Value;
  /** Absent where whole windows are read. */
  readonly step?: DecodingStep;
  /**
   * Given the last hidden states [batch·time, d] and what makes logits [n, vocab] of n rows of them, returns what the model
   * puts out: for those who need no more of the logits than a part, or a figure a row. All logits when absent.
   */
  head?(hidden: Value, logitsOf: (rows: Value) => Value): Value;
}

/** Where a decoder of RMS norms touches its residual stream and its heads' values: what a rotation of them has to change. */
export interface ResidualStream {
  /** What is added to a norm's stored weight to give its gain: 1 in Gemma, else 0. */
  readonly gainOffset: 0 | 1;
  /** Each norm of the stream with the linear layers [outputs, d] that read what it puts out. */
  readonly readers: readonly { readonly norm: string; readonly weights: readonly string[] }[];
  /** Linear layers [d, inputs] whose outputs are added to the stream; they may have a bias [d]. */
  readonly writers: readonly string[];
  readonly lastNorm: string;
  /** Of each block, the layers that make the heads' values and read what attention mixes of them. */
  readonly values: readonly { readonly value: string; readonly output: string }[];
}

export interface Architecture<C extends ModelConfig = ModelConfig> {
  /** Name in `architectures` of config.json. */
  readonly name: string;
  /** `model_type` of config.json, for files that have no `architectures`. */
  readonly modelType: string;
  /** Prefix of tensor names that checkpoints of the bare model (without head) lack. */
  readonly prefix: string;
  /** Tensors that checkpoints may hold and the model does not need: masks and tables that are recomputed. */
  readonly dispensable: RegExp;
  /** The tensor of token embeddings [vocab, d], which is the head too where these are tied. */
  readonly embedding: string;
  /** Throws UserError naming the field, what was found and what is supported. */
  readConfig(fields: JsonFields): C;
  /** Every tensor in the order of computation. */
  tensors(config: C): TensorSpec[];
  /** Logits [batch·time, vocab], or what `model.head` makes of them. Throws UserError when the context is longer than a table of positions. */
  logits(model: ModelGraph, config: C): Value;
  /** Null where a norm stands between a layer and the stream, so that the stream cannot be rotated. */
  residual?(config: C): ResidualStream | null;
}
