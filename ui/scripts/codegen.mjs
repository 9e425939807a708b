// Types and documents from schema.graphql and src/api/*.graphql into src/api/generated.ts.
// `--check` fails when the file is not what would be written.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSchema, isEnumType, isInputObjectType, isListType, isNonNullType, isObjectType, Kind, parse, print, validate } from "graphql";

const root = new URL("..", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const schema = buildSchema(read("schema.graphql"));
const shapes = JSON.parse(read("src/api/shapes.json"));
const text = readdirSync(new URL("src/api", root)).filter((name) => name.endsWith(".graphql")).sort()
  .map((name) => read(`src/api/${name}`)).join("\n");
const document = parse(text);
const problems = validate(schema, document).filter((problem) => !problem.message.includes("is never used"));
if (problems.length > 0) {
  console.error(problems.map(String).join("\n"));
  process.exit(1);
}

const SCALARS = { String: "string", ID: "string", Int: "number", Float: "number", Boolean: "boolean", DateTime: "string", JSON: "unknown" };
const fragments = new Map(document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).map((node) => [node.name.value, node]));
const usedShapes = new Set();

function named(type, place, selection) {
  if (isObjectType(type)) return fields(type, selection);
  const shape = shapes[place];
  if (type.name === "JSON" && shape) {
    for (const word of shape.match(/\b[A-Z]\w+/g) ?? []) if (word !== "Record") usedShapes.add(word);
    return shape;
  }
  if (isEnumType(type)) return type.getValues().map((value) => JSON.stringify(value.name)).join(" | ");
  if (isInputObjectType(type)) return type.name;
  return SCALARS[type.name] ?? "unknown";
}

function wrap(type, place, selection, nullable = true) {
  if (isNonNullType(type)) return wrap(type.ofType, place, selection, false);
  const inner = isListType(type) ? `Array<${wrap(type.ofType, place, selection)}>` : named(type, place, selection);
  return nullable ? `${inner} | null` : inner;
}

function collect(type, selection, into = new Map()) {
  for (const node of selection.selections) {
    if (node.kind === Kind.FIELD) into.set(node.alias?.value ?? node.name.value, node);
    else collect(type, node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value).selectionSet : node.selectionSet, into);
  }
  return into;
}

function fields(type, selection) {
  const lines = [...collect(type, selection)].map(([name, node]) => {
    const field = type.getFields()[node.name.value];
    const maybe = node.directives?.length ? "?" : "";
    return `${name}${maybe}: ${wrap(field.type, `${type.name}.${node.name.value}`, node.selectionSet)};`;
  });
  return `{ ${lines.join(" ")} }`;
}

function inputs() {
  return Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type)).map((type) => {
    const lines = Object.values(type.getFields()).map((field) => {
      const optional = isNonNullType(field.type) ? "" : "?";
      return `  ${field.name}${optional}: ${wrap(field.type, `${type.name}.${field.name}`)};`;
    });
    return `export interface ${type.name} {\n${lines.join("\n")}\n}`;
  });
}

function variableType(node, nullable = true) {
  if (node.kind === Kind.NON_NULL_TYPE) return variableType(node.type, false);
  const inner = node.kind === Kind.LIST_TYPE ? `Array<${variableType(node.type)}>` : (SCALARS[node.name.value] ?? node.name.value);
  return nullable ? `${inner} | null` : inner;
}

function spreads(node, found = new Set()) {
  for (const part of node.selectionSet?.selections ?? []) {
    if (part.kind === Kind.FRAGMENT_SPREAD && !found.has(part.name.value)) {
      found.add(part.name.value);
      spreads(fragments.get(part.name.value), found);
    }
    spreads(part, found);
  }
  return found;
}

const squeeze = (source) => source.replace(/\s+/g, " ").replace(/ ?([{}():,!]) ?/g, "$1").trim();

const pieces = [];
for (const node of fragments.values()) {
  const type = schema.getType(node.typeCondition.name.value);
  pieces.push(`export interface ${node.name.value} ${fields(type, node.selectionSet)}`);
}
for (const node of document.definitions) {
  if (node.kind !== Kind.OPERATION_DEFINITION) continue;
  const name = node.name.value;
  const type = node.operation === "mutation" ? schema.getMutationType() : schema.getQueryType();
  const variables = node.variableDefinitions.map((variable) => {
    const optional = variable.type.kind !== Kind.NON_NULL_TYPE || variable.defaultValue;
    return `${variable.variable.name.value}${optional ? "?" : ""}: ${variableType(variable.type)};`;
  });
  const source = [print(node), ...[...spreads(node)].map((fragment) => print(fragments.get(fragment)))].join("\n");
  pieces.push(`export interface ${name}Result ${fields(type, node.selectionSet)}`);
  pieces.push(`export type ${name}Variables = { ${variables.join(" ")} };`);
  pieces.push(`export const ${name}: TypedDocument<${name}Result, ${name}Variables> = { name: ${JSON.stringify(name)}, text: ${JSON.stringify(squeeze(source))} };`);
}

const head = `// Written by scripts/codegen.mjs from schema.graphql. Do not edit.\nimport type { TypedDocument } from "./client";\n`;
const inputText = inputs();
const importShapes = usedShapes.size > 0 ? `import type { ${[...usedShapes].sort().join(", ")} } from "./shapes";\n` : "";
const output = `${head}${importShapes}\n${[...inputText, ...pieces].join("\n\n")}\n`;
const target = new URL("src/api/generated.ts", root);
if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== output) {
    console.error("src/api/generated.ts is out of date: npm run codegen");
    process.exit(1);
  }
} else writeFileSync(target, output);
