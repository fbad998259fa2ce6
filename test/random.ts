export { normals, uniforms } from "../models/random.ts";
