export { normals, uniforms } from "../evaluate/random.ts";
